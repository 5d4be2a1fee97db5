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

{{- define "rolewright.monitorMetadata" -}}
name: {{ include "rolewright.fullname" .root }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "rolewright.labels" .root | nindent 2 }}
  {{- with .monitor.labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}
