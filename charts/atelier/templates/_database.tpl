{{/* The database, as each binary is told of it. Logins come as files, which are read again for each new connection. */}}

{{/* Whether each binary has a login of its own. */}}
{{- define "atelier.database.isSplit" -}}
{{- $auth := .Values.database.auth -}}
{{- if or $auth.migrator.existingSecret $auth.writer.existingSecret $auth.reader.existingSecret -}}true{{- end -}}
{{- end }}

{{/* The Secret of a login and its keys, as YAML. Takes {root, login}. */}}
{{- define "atelier.database.login" -}}
{{- if include "atelier.database.isSplit" .root -}}
{{- toYaml (get .root.Values.database.auth .login) -}}
{{- else -}}
{{- toYaml (pick .root.Values.database "existingSecret" "usernameKey" "passwordKey") -}}
{{- end -}}
{{- end }}

{{/* The section [database] of a configuration, as YAML. Takes {root, host}, and {port} where it is another one. */}}
{{- define "atelier.database.config" -}}
{{- $database := .root.Values.database -}}
host: {{ .host | quote }}
port: {{ default $database.port .port }}
name: {{ $database.name | quote }}
user_file: /etc/atelier/database/username
password_file: /etc/atelier/database/password
sslmode: {{ $database.sslmode }}
{{- if $database.allowPlaintext }}
allow_plaintext: true
{{- end }}
{{- if include "atelier.trust.isGiven" $database.tls }}
ca_file: /etc/atelier/database-ca/ca.crt
{{- end }}
{{- end }}

{{/* Volumes with a login and the authority. Directories, never subPath: Secrets that change must reach a running pod. Takes {root, login}. */}}
{{- define "atelier.database.volumes" -}}
{{- $login := include "atelier.database.login" . | fromYaml -}}
{{- $tls := .root.Values.database.tls -}}
- name: database
  secret:
    secretName: {{ $login.existingSecret | quote }}
    items:
      - {key: {{ $login.usernameKey | quote }}, path: username}
      - {key: {{ $login.passwordKey | quote }}, path: password}
{{- include "atelier.trust.volume" (dict "name" "database-ca" "tls" $tls) }}
{{- end }}

{{- define "atelier.database.mounts" -}}
- {name: database, mountPath: /etc/atelier/database, readOnly: true}
{{- if include "atelier.trust.isGiven" .Values.database.tls }}
- {name: database-ca, mountPath: /etc/atelier/database-ca, readOnly: true}
{{- end }}
{{- end }}
