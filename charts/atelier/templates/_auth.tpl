{{/* How callers are known, and the Secrets that this takes. */}}

{{/* The section [auth] of a configuration, as YAML. */}}
{{- define "atelier.auth.config" -}}
{{- $auth := .Values.auth -}}
mode: {{ $auth.mode }}
{{- if eq $auth.mode "open" }}
allow_open_on_network: true
{{- end }}
{{- if ne $auth.mode "open" }}
token:
  {{- with $auth.token.issuer }}
  issuer: {{ . | quote }}
  {{- end }}
  {{- with $auth.token.audience }}
  audience: {{ . | quote }}
  {{- end }}
  user_id_claim: {{ $auth.token.userIdClaim | quote }}
  username_claim: {{ $auth.token.usernameClaim | quote }}
  roles_claim: {{ $auth.token.rolesClaim | quote }}
  operator_role: {{ $auth.token.operatorRole | quote }}
{{- end }}
{{- if eq $auth.mode "token" }}
{{- if $auth.jwks.url }}
jwks:
  url: {{ $auth.jwks.url | quote }}
{{- else }}
hs256:
  secrets_file: /etc/atelier/auth/secrets
{{- end }}
{{- else if eq $auth.mode "gateway" }}
gateway:
  secrets_file: /etc/atelier/auth/secrets
{{- end }}
{{- end }}

{{/* The Secret with what tokens are signed with or what the gateway proves itself with, as YAML; nothing with a key set. */}}
{{- define "atelier.auth.secret" -}}
{{- $auth := .Values.auth -}}
{{- if eq $auth.mode "gateway" -}}
{{- toYaml $auth.gateway -}}
{{- else if and (eq $auth.mode "token") (not $auth.jwks.url) -}}
{{- toYaml $auth.hs256 -}}
{{- end -}}
{{- end }}

{{- define "atelier.auth.volumes" -}}
{{- with include "atelier.auth.secret" . | fromYaml }}
- name: auth
  secret:
    secretName: {{ .existingSecret | quote }}
    items:
      - {key: {{ .key | quote }}, path: secrets}
{{- end }}
{{- with .Values.auth.jwks }}
{{- if .url }}
{{- include "atelier.trust.volume" (dict "name" "authorities" "tls" .tls "file" "ca-certificates.crt") }}
{{- end }}
{{- end }}
{{- with .Values.audit }}
{{- if .existingSecret }}
- name: audit
  secret:
    secretName: {{ .existingSecret | quote }}
    items:
      - {key: {{ .key | quote }}, path: key}
{{- end }}
{{- end }}
{{- end }}

{{- define "atelier.auth.mounts" -}}
{{- if include "atelier.auth.secret" . }}
- {name: auth, mountPath: /etc/atelier/auth, readOnly: true}
{{- end }}
{{- if and .Values.auth.jwks.url (include "atelier.trust.isGiven" .Values.auth.jwks.tls) }}
- {name: authorities, mountPath: /etc/ssl/certs, readOnly: true}
{{- end }}
{{- if .Values.audit.existingSecret }}
- {name: audit, mountPath: /etc/atelier/audit, readOnly: true}
{{- end }}
{{- end }}

{{/* Whether order-status verifies tokens for a gateway that asks, and is itself told by that gateway who is calling. */}}
{{- define "atelier.auth.verifiesForGateway" -}}
{{- $auth := .Values.auth -}}
{{- if and (eq $auth.mode "gateway") $auth.verify.enabled (or $auth.jwks.url $auth.hs256.existingSecret) -}}true{{- end -}}
{{- end }}

{{/* The keys of those tokens, for [auth] of its configuration. Its Secret, which orders needs not, and where that is mounted. */}}
{{- define "atelier.auth.verifyKeys" -}}
{{- if include "atelier.auth.verifiesForGateway" . -}}
{{- if .Values.auth.jwks.url -}}
jwks: {url: {{ .Values.auth.jwks.url | quote }}}
{{- else -}}
hs256: {secrets_file: /etc/atelier/tokens/secrets}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "atelier.auth.verifyVolumes" -}}
{{- if and (include "atelier.auth.verifiesForGateway" .) (not .Values.auth.jwks.url) }}
- name: tokens
  secret:
    secretName: {{ .Values.auth.hs256.existingSecret | quote }}
    items:
      - {key: {{ .Values.auth.hs256.key | quote }}, path: secrets}
{{- end }}
{{- end }}

{{- define "atelier.auth.verifyMounts" -}}
{{- if and (include "atelier.auth.verifiesForGateway" .) (not .Values.auth.jwks.url) }}
- {name: tokens, mountPath: /etc/atelier/tokens, readOnly: true}
{{- end }}
{{- end }}
