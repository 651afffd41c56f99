{{/* What no schema can say in a sentence: which facts are missing, and which go together. All are listed at once. */}}
{{- define "atelier.validate" -}}
{{- $values := .Values -}}
{{- $database := $values.database -}}
{{- $auth := $values.auth -}}
{{- $wrong := list -}}
{{- if not $values.enabled -}}
{{- $wrong = append $wrong "enabled is false: it is for the condition of a chart that embeds this one; by itself, leave it out" -}}
{{- end -}}
{{- if not $database.host -}}
{{- $wrong = append $wrong "database.host is not set: the name or address of your PostgreSQL server" -}}
{{- end -}}
{{- if not $values.catalog.url -}}
{{- $wrong = append $wrong "catalog.url is not set: the base address of the catalog, such as https://catalog.example.com/catalog" -}}
{{- end -}}
{{- if include "atelier.database.isSplit" . -}}
{{- range $login := list "migrator" "writer" "reader" -}}
{{- if and (not (get $database.auth $login).existingSecret) (or (ne $login "migrator") (ne $values.migrations.mode "none")) -}}
{{- $wrong = append $wrong (printf "database.auth.%s.existingSecret is not set, but another login's is: give all three, or one database.existingSecret for everything" $login) -}}
{{- end -}}
{{- end -}}
{{- if $database.existingSecret -}}
{{- $wrong = append $wrong "database.existingSecret and database.auth are both set: use one of them" -}}
{{- end -}}
{{- range $role := list "owner" "writer" "reader" -}}
{{- if and (not (get $database.roles $role)) (ne $values.migrations.mode "none") -}}
{{- $wrong = append $wrong (printf "database.roles.%s is not set: with a login each, the migrator must know whom to grant rights to" $role) -}}
{{- end -}}
{{- end -}}
{{- else -}}
{{- if not $database.existingSecret -}}
{{- $wrong = append $wrong "database.existingSecret is not set: the Secret with the database login (keys username and password), or one each in database.auth" -}}
{{- end -}}
{{- if or $database.roles.owner $database.roles.writer $database.roles.reader -}}
{{- $wrong = append $wrong "database.roles is set, but one login does everything: give each its Secret in database.auth, or leave the roles out" -}}
{{- end -}}
{{- end -}}
{{- range $name, $tls := dict "database" $database.tls "catalog" $values.catalog.tls "auth.jwks" $auth.jwks.tls -}}
{{- if and $tls.caSecret $tls.caConfigMap -}}
{{- $wrong = append $wrong (printf "%s.tls.caSecret and %s.tls.caConfigMap are both set: use one of them" $name $name) -}}
{{- end -}}
{{- end -}}
{{- if and (has $database.sslmode (list "disable" "allow" "prefer")) (not $database.allowPlaintext) -}}
{{- $wrong = append $wrong (printf "database.sslmode %s would send the password unprotected: use verify-full, or set database.allowPlaintext" $database.sslmode) -}}
{{- end -}}
{{- if and (eq $database.sslmode "require") (include "atelier.trust.isGiven" $database.tls) -}}
{{- $wrong = append $wrong "database.sslmode require does not look at the authority in database.tls: use verify-full or verify-ca" -}}
{{- end -}}
{{- if eq $auth.mode "token" -}}
{{- if and (not $auth.jwks.url) (not $auth.hs256.existingSecret) -}}
{{- $wrong = append $wrong "nobody signs tokens: set auth.jwks.url with auth.token.issuer and auth.token.audience, or auth.hs256.existingSecret" -}}
{{- end -}}
{{- if and $auth.jwks.url $auth.hs256.existingSecret -}}
{{- $wrong = append $wrong "auth.jwks.url and auth.hs256.existingSecret are both set: use one of them" -}}
{{- end -}}
{{- if $auth.jwks.url -}}
{{- range $key := list "issuer" "audience" -}}
{{- if not (get $auth.token $key) -}}
{{- $wrong = append $wrong (printf "auth.token.%s is not set: with auth.jwks.url, tokens that the issuer made for others must not open this" $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- else if and (eq $auth.mode "gateway") (not $auth.gateway.existingSecret) -}}
{{- $wrong = append $wrong "auth.gateway.existingSecret is not set: the Secret with what your gateway proves itself with" -}}
{{- else if and (eq $auth.mode "open") (not $auth.allowOpenOnNetwork) -}}
{{- $wrong = append $wrong "auth.mode open believes whatever a body claims: set auth.allowOpenOnNetwork if the cluster is for trying out" -}}
{{- end -}}
{{- $wrong = concat $wrong (include "atelier.validate.pods" . | fromYamlArray) (include "atelier.validate.network" . | fromYamlArray) (include "atelier.validate.secrets" . | fromYamlArray) (include "atelier.validate.test" . | fromYamlArray) -}}
{{- range $name := list "orderStatus" "orders" -}}
{{- $config := (get $values $name).config -}}
{{- range $key := list "listen" "ops_listen" "shutdown" -}}
{{- if hasKey $config $key -}}
{{- $wrong = append $wrong (printf "%s.config.%s would leave the pod's ports and times as they are: use the chart's own values" $name $key) -}}
{{- end -}}
{{- end -}}
{{- range $path := list "database.url" "database.password" "auth.hs256.secrets" "auth.gateway.secrets" "audit.key" "catalog.token" -}}
{{- $keys := splitList "." $path -}}
{{- $at := $config -}}
{{- range $keys -}}{{- $at = ternary (get (ternary $at (dict) (kindIs "map" $at)) .) "" (kindIs "map" $at) -}}{{- end -}}
{{- if $at -}}
{{- $wrong = append $wrong (printf "%s.config.%s would put a secret into a ConfigMap: give the chart the name of a Secret" $name $path) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $wrong -}}
{{- fail (printf "\n\nThe values cannot be used:\n  - %s\n" (join "\n  - " $wrong)) -}}
{{- end -}}
{{- end }}
