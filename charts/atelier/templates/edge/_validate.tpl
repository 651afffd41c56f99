{{/* What of the edge cannot be, in sentences, all at once. */}}
{{- define "atelier.edge.validate" -}}
{{- $auth := .Values.auth -}}
{{- $nginx := .Values.edge.nginx -}}
{{- $cors := .Values.edge.cors -}}
{{- $wrong := list -}}
{{- $bare := list -}}
{{- if .Values.httpRoute.enabled -}}{{- $bare = append $bare "httpRoute" -}}{{- end -}}
{{- if .Values.ingress.enabled -}}{{- $bare = append $bare "ingress" -}}{{- end -}}
{{- if and $bare (eq $auth.mode "gateway") (not $nginx.enabled) -}}
{{- $wrong = append $wrong (printf "auth.mode gateway behind %s alone: nobody there asks who is calling, or proves it to the services, so every request would be refused, and with a secret that leaks none. Set edge.nginx.enabled, or auth.mode token" (join " and " $bare)) -}}
{{- end -}}
{{- if $nginx.enabled -}}
{{- if ne $auth.mode "gateway" -}}
{{- $wrong = append $wrong (printf "edge.nginx tells the services who is calling, and auth.mode %s does not listen: set auth.mode gateway" $auth.mode) -}}
{{- end -}}
{{- if and $nginx.verifier.url $auth.verify.enabled -}}
{{- $wrong = append $wrong "edge.nginx.verifier.url and auth.verify.enabled are both set: the edge asks one of them" -}}
{{- else if and (not $nginx.verifier.url) (not $auth.verify.enabled) -}}
{{- $wrong = append $wrong "edge.nginx has nobody to ask who is calling: set auth.verify.enabled, or edge.nginx.verifier.url" -}}
{{- else if and $auth.verify.enabled (not $auth.jwks.url) (not $auth.hs256.existingSecret) -}}
{{- $wrong = append $wrong "edge.nginx asks auth.verify who is calling, which needs keys of tokens: set auth.jwks.url with auth.token.issuer and auth.token.audience, or auth.hs256.existingSecret" -}}
{{- end -}}
{{- if and $nginx.verifier.caSecret (not (hasPrefix "https://" $nginx.verifier.url)) -}}
{{- $wrong = append $wrong "edge.nginx.verifier.caSecret is set, but edge.nginx.verifier.url is no https address" -}}
{{- end -}}
{{- end -}}
{{- if include "atelier.auth.verifiesForGateway" . -}}
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
{{- end -}}
{{- if has "*" $cors.origins -}}
{{- if $cors.credentials -}}
{{- $wrong = append $wrong "edge.cors.credentials with the origin *: any page could act as whoever looks at it. Name the origins" -}}
{{- end -}}
{{- if gt (len $cors.origins) 1 -}}
{{- $wrong = append $wrong "edge.cors.origins has * and others: all pages, or those" -}}
{{- end -}}
{{- end -}}
{{- if .Values.httpRoute.enabled -}}
{{- if not .Values.httpRoute.parentRefs -}}
{{- $wrong = append $wrong "httpRoute.parentRefs is empty: the Gateways that it attaches to, such as [{name: shared, namespace: gateway}]" -}}
{{- end -}}
{{- if and .Values.httpRoute.corsFilter $nginx.enabled -}}
{{- $wrong = append $wrong "httpRoute.corsFilter and edge.nginx would both answer for CORS, and browsers refuse two answers: use one of them" -}}
{{- end -}}
{{- if and .Values.httpRoute.corsFilter (not $cors.origins) -}}
{{- $wrong = append $wrong "httpRoute.corsFilter is set, but edge.cors.origins names no page that may call" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) -}}
{{- $wrong = append $wrong "ingress.hosts is empty: the host names that it is for" -}}
{{- end -}}
{{- if $wrong -}}
{{- fail (printf "\n\nThe values cannot be used:\n  - %s\n" (join "\n  - " $wrong)) -}}
{{- end -}}
{{- end }}
