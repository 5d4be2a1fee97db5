{{- /* What the schema can't say in words that help. */ -}}
{{- define "rolewright.check" -}}
{{- if not .Values.installation -}}
{{- fail "installation is required: name this installation with 1 to 32 of a-z, 0-9 and -, as --set installation=prod. It is written to every role as proof that the role is ours, so it must be unique and is never changed" -}}
{{- end -}}
{{- if not .Values.permissionsBoundary -}}
{{- fail "permissionsBoundary is required: it is the most that anybody who may write an IAMRole can hand out. Set the ARN of a policy, as --set permissionsBoundary='arn:{partition}:iam::{accountId}:policy/NAME' with the braces escaped by a values file, or none for trying out" -}}
{{- end -}}
{{- if and (gt (int .Values.replicaCount) 1) (not .Values.leaderElection.enabled) -}}
{{- fail "replicaCount may be at most 1 with leaderElection.enabled=false: two controllers with one installation do everything twice" -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled .Values.podMonitor.enabled -}}
{{- fail "serviceMonitor.enabled and podMonitor.enabled exclude each other: every metric would be read twice" -}}
{{- end -}}
{{- end -}}
