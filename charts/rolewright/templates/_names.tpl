{{- /* A label holds 63 characters, with the longest suffix. */ -}}
{{- define "rolewright.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 57 | trimSuffix "-" -}}
{{- end -}}

{{- /* Cluster-scoped objects carry it too. 45 characters leave room for the longest suffix. */ -}}
{{- define "rolewright.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 45 | trimSuffix "-" -}}
{{- else if contains (include "rolewright.name" .) .Release.Name -}}
{{- .Release.Name | trunc 45 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "rolewright.name" .) | trunc 45 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "rolewright.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{- define "rolewright.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "rolewright.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is required with serviceAccount.create=false: name the service account that exists" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "rolewright.selectorLabels" -}}
app.kubernetes.io/name: {{ include "rolewright.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- /* The pod of `helm test` is none of the controller's: neither the Service nor the PodDisruptionBudget counts it. */ -}}
{{- define "rolewright.checkName" -}}
{{- printf "%s-check" (include "rolewright.name" .) -}}
{{- end -}}

{{- define "rolewright.ownLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: rolewright
{{- end -}}

{{- /* Labels of an object. A key may be set more than once: what is more special wins, but for what selectors and Helm look for. */ -}}
{{- define "rolewright.labels" -}}
{{- include "rolewright.labelsWith" (list . dict) -}}
{{- end -}}

{{- /* The same with labels of that object alone. Takes the root and those labels. */ -}}
{{- define "rolewright.labelsWith" -}}
{{- $root := index . 0 -}}
{{- $fixed := include "rolewright.selectorLabels" $root | fromYaml -}}
{{- $fixed = set $fixed "app.kubernetes.io/managed-by" $root.Release.Service -}}
{{- $own := include "rolewright.ownLabels" $root | fromYaml -}}
{{- mergeOverwrite $own (default dict $root.Values.commonLabels) (default dict (index . 1)) $fixed | toYaml -}}
{{- end -}}

{{- define "rolewright.image" -}}
{{- $image := .Values.image -}}
{{- $name := $image.repository -}}
{{- with default $image.registry (.Values.global).imageRegistry -}}{{- $name = printf "%s/%s" . $name -}}{{- end -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $name $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (default .Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "rolewright.roleNamePrefix" -}}
{{- if kindIs "string" .Values.settings.roleNamePrefix -}}
{{- .Values.settings.roleNamePrefix -}}
{{- else -}}
{{- printf "%s-" .Values.installation -}}
{{- end -}}
{{- end -}}
