{{- /* Arguments of the container, one a line. A setting's name becomes the flag: sweepInterval is --sweep-interval. */ -}}
{{- define "rolewright.arguments" -}}
- controller
- --installation={{ .Values.installation }}
- {{ printf "--permissions-boundary=%s" .Values.permissionsBoundary | quote }}
- --listen={{ .Values.listenAddress }}:{{ .Values.port }}
{{- with .Values.watchNamespaces }}
- --watch-namespace={{ join "," . }}
{{- end }}
{{- range $name, $value := .Values.settings }}
{{- if not (kindIs "invalid" $value) }}
{{- $list := list }}
{{- if kindIs "map" $value }}
{{- range $key, $item := $value }}
{{- $list = append $list (printf "%s=%s" $key $item) }}
{{- end }}
{{- else if kindIs "slice" $value }}
{{- $list = $value }}
{{- else }}
{{- $list = list (toString $value) }}
{{- end }}
{{- $text := join "," $list }}
- {{ printf "--%s=%s" (kebabcase $name) $text | quote }}
{{- end }}
{{- end }}
{{- with .Values.leaderElection }}
{{- if .enabled }}
- --leader-election
- --lease-namespace={{ include "rolewright.namespace" $ }}
{{- with .leaseDuration }}
- --lease-duration={{ . }}
{{- end }}
{{- with .renewDeadline }}
- --lease-renew-deadline={{ . }}
{{- end }}
{{- with .retryPeriod }}
- --lease-retry-period={{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end -}}
