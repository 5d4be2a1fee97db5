{{- /* What the pods of the controller and of `helm test` have in common, so that the test sees what the controller will see. */ -}}
{{- define "rolewright.pod" -}}
serviceAccountName: {{ include "rolewright.serviceAccountName" . }}
automountServiceAccountToken: true
enableServiceLinks: false
{{- include "rolewright.pullSecrets" . }}
{{- with .Values.dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- with .Values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.extraVolumes }}
volumes:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /* Those of this chart and those of all charts, which may be names alone; each once. */ -}}
{{- define "rolewright.pullSecrets" -}}
{{- $names := list -}}
{{- range concat (default list .Values.imagePullSecrets) (default list (.Values.global).imagePullSecrets) -}}
{{- $names = append $names (kindIs "map" . | ternary (get (kindIs "map" . | ternary . dict) "name") .) -}}
{{- end -}}
{{- with uniq $names }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "rolewright.container" -}}
image: {{ include "rolewright.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- $region := .Values.aws.region }}
{{- range .Values.extraEnv }}
{{- if eq .name "AWS_REGION" }}
{{- /* A name may stand in the list once. */}}
{{- $region = "" }}
{{- end }}
{{- end }}
{{- if or $region .Values.extraEnv }}
env:
  {{- with $region }}
  - name: AWS_REGION
    value: {{ . | quote }}
  {{- end }}
  {{- with .Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- with .Values.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
{{- with .Values.extraVolumeMounts }}
volumeMounts:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
