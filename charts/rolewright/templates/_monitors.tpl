{{- /* True when a monitor is to be made. Takes the values of one (`monitor`), its `kind`, and the root. */ -}}
{{- define "rolewright.monitorWanted" -}}
{{- if .monitor.enabled -}}
{{- $there := .root.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" .kind) -}}
{{- if or $there (eq .monitor.renderMode "alwaysRender") -}}
true
{{- else if eq .monitor.renderMode "failIfMissing" -}}
{{- fail (printf "the kind %s is not in this cluster: install the Prometheus operator, or set renderMode to skipIfMissing or alwaysRender" .kind) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "rolewright.endpoint" -}}
port: http
path: /metrics
{{- if .honorLabels }}
honorLabels: true
{{- end }}
{{- with .interval }}
interval: {{ . }}
{{- end }}
{{- with .scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- with .metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .relabelings }}
relabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /* Where the pods are, for a monitor that lies elsewhere. */ -}}
{{- define "rolewright.monitorSelector" -}}
selector:
  matchLabels:
    {{- include "rolewright.selectorLabels" .root | nindent 4 }}
{{- with .monitor.namespace }}
namespaceSelector:
  matchNames: [{{ include "rolewright.namespace" $.root }}]
{{- end }}
{{- end -}}

{{- define "rolewright.monitorMetadata" -}}
name: {{ include "rolewright.fullname" .root }}
namespace: {{ default (include "rolewright.namespace" .root) .monitor.namespace }}
labels:
  {{- include "rolewright.labelsWith" (list .root .monitor.labels) | nindent 2 }}
{{- end -}}
