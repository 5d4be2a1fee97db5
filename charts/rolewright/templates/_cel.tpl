{{- /*
An ARN pattern of the settings as a regular expression of CEL. A star is any run of characters; a placeholder stands for itself,
as a manifest may hold it, and for what it is replaced with.
*/ -}}
{{- define "rolewright.arnPattern" -}}
{{- $text := regexQuoteMeta . -}}
{{- $text = $text | replace "\\*" ".*" -}}
{{- $text = $text | replace "\\{partition\\}" "(\\{partition\\}|aws[a-z-]*)" -}}
{{- $text = $text | replace "\\{accountId\\}" "(\\{accountId\\}|[0-9]{12})" -}}
{{- printf "^%s$" $text -}}
{{- end -}}

{{- /* A CEL condition on `a`: the ARN is allowed by some pattern and excluded by none. Exclusions ignore letter case. */ -}}
{{- define "rolewright.policyAllowed" -}}
{{- $allowed := list -}}
{{- $excluded := list -}}
{{- range . -}}
{{- if hasPrefix "!" . -}}
{{- $excluded = append $excluded (printf "a.matches(r'(?i)%s')" (include "rolewright.arnPattern" (trimPrefix "!" .))) -}}
{{- else -}}
{{- $allowed = append $allowed (printf "a.matches(r'%s')" (include "rolewright.arnPattern" .)) -}}
{{- end -}}
{{- end -}}
{{- $condition := empty $allowed | ternary "false" (printf "(%s)" (join " || " $allowed)) -}}
{{- range $excluded -}}
{{- $condition = printf "%s && !%s" $condition . -}}
{{- end -}}
{{- $condition -}}
{{- end -}}

{{- /* A length of time for CEL, which knows no days. */ -}}
{{- define "rolewright.hours" -}}
{{- $days := regexFind "^[0-9]+d" . | trimSuffix "d" -}}
{{- if $days }}{{ mul (int64 $days) 24 }}h{{ end }}{{ regexReplaceAll "^[0-9]+d" . "" }}
{{- end -}}

{{- /* The same for an expression of CEL. */ -}}
{{- define "rolewright.duration" -}}
duration({{ . }}.contains('d') ? string(int({{ . }}.split('d')[0]) * 24) + 'h' + {{ . }}.split('d')[1] : {{ . }})
{{- end -}}

{{- /* Validations of the limits that only these values know, as a list. */ -}}
{{- define "rolewright.limits" -}}
{{- $prefix := include "rolewright.roleNamePrefix" . }}
- expression: >-
    variables.spec.?roleName.orValue(null) == null || variables.spec.roleName.startsWith('{{ $prefix }}' + request.namespace + '_')
  message: "spec.roleName must begin with {{ $prefix }}, the namespace and _; leave it out for the default name"
  messageExpression: >-
    'spec.roleName must begin with {{ $prefix }}' + request.namespace + '_ in this namespace; rename it, or leave it out for the default name'
  reason: Invalid
{{- with .Values.settings.pathPrefix }}
- expression: >-
    variables.spec.?path.orValue(null) == null || variables.spec.path.startsWith('{{ . }}')
  message: "spec.path must begin with {{ . }}; change it, or leave it out"
  reason: Invalid
{{- end }}
{{- if ne .Values.permissionsBoundary "none" }}
- expression: >-
    variables.spec.?permissionsBoundary.orValue(null) == null || variables.spec.permissionsBoundary.matches(r'{{ include "rolewright.arnPattern" .Values.permissionsBoundary }}')
  message: "spec.permissionsBoundary must be {{ .Values.permissionsBoundary }} here; leave it out"
  reason: Invalid
{{- end }}
{{- with .Values.settings.maxSession }}
- expression: >-
    variables.spec.?maxSessionDuration.orValue(null) == null || {{ include "rolewright.duration" "variables.spec.maxSessionDuration" }} <= duration('{{ include "rolewright.hours" . }}')
  message: "spec.maxSessionDuration may be at most {{ . }} here; shorten it"
  reason: Invalid
{{- end }}
{{- if eq (toString .Values.settings.allowPause) "false" }}
- expression: >-
    object.metadata.?annotations[?'rolewright.dev/paused'].orValue('') in ['', 'false']
  message: "the annotation rolewright.dev/paused is not allowed here; take it off"
  reason: Invalid
{{- end }}
{{- if eq (toString .Values.settings.allowObserve) "false" }}
- expression: >-
    variables.spec.?driftPolicy.orValue(null) == null || variables.spec.driftPolicy != 'Observe'
  message: "spec.driftPolicy: Observe is not allowed here; leave it out"
  reason: Invalid
{{- end }}
{{- if eq (toString .Values.settings.allowRetain) "false" }}
- expression: >-
    variables.spec.?deletionPolicy.orValue(null) == null || variables.spec.deletionPolicy != 'Retain'
  message: "spec.deletionPolicy: Retain is not allowed here; leave it out"
  reason: Invalid
{{- end }}
{{- with .Values.settings.maxLifetime }}
- expression: >-
    variables.spec.?lifetime.orValue(null) != null
  message: "spec.lifetime is required here; set ttl to at most {{ . }}"
  reason: Invalid
- expression: >-
    variables.lifetime.?ttl.orValue(null) == null || {{ include "rolewright.duration" "variables.lifetime.ttl" }} <= duration('{{ include "rolewright.hours" . }}')
  message: "spec.lifetime.ttl may be at most {{ . }} here; shorten it"
  reason: Invalid
- expression: >-
    variables.lifetime.?expiresAt.orValue(null) == null || timestamp(variables.lifetime.expiresAt) - timestamp(object.metadata.creationTimestamp) <= duration('{{ include "rolewright.hours" . }}')
  message: "spec.lifetime.expiresAt may be at most {{ . }} after the creation of the resource; choose an earlier time"
  reason: Invalid
{{- end }}
{{- end -}}
