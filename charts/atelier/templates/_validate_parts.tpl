{{/* The longer parts of what is checked; each gives a list of sentences as YAML. */}}

{{/* Labels, images, places for pods, and connections. */}}
{{- define "atelier.validate.pods" -}}
{{- $values := .Values -}}
{{- $wrong := list -}}
{{- $labels := dict "commonLabels" $values.commonLabels -}}
{{- $images := dict "image" $values.image "edge.nginx.image" $values.edge.nginx.image -}}
{{- $connections := 2 -}}
{{- range $name := list "orderStatus" "orders" "migrations" -}}
{{- $_ := set $labels (printf "%s.podLabels" $name) (get $values $name).podLabels -}}
{{- $_ := set $images (printf "%s.image" $name) (get $values $name).image -}}
{{- end -}}
{{- range $where, $image := $images -}}
{{- if eq $image.tag "latest" -}}
{{- $wrong = append $wrong (printf "%s.tag is latest, which is another image every time: name the one that you mean" $where) -}}
{{- end -}}
{{- end -}}
{{- range $where, $map := $labels -}}
{{- range $key := list "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component" -}}
{{- if hasKey $map $key -}}
{{- $wrong = append $wrong (printf "%s has %s, by which pods are found: leave it to the chart" $where $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $name := list "orderStatus" "orders" -}}
{{- $service := merge (include (printf "atelier.%s" $name) $ | fromYaml) (dict "root" $ "values" (get $values $name)) -}}
{{- $connections = add $connections (include "atelier.service.connections" $service) -}}
{{- $scaling := $service.values.autoscaling -}}
{{- if and $scaling.enabled (gt (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}
{{- $wrong = append $wrong (printf "%s.autoscaling.minReplicas is more than maxReplicas" $name) -}}
{{- end -}}
{{- range $key := list "serviceAccountName" "automountServiceAccountToken" "enableServiceLinks" "securityContext" "imagePullSecrets" "nodeSelector" "tolerations" "affinity" "priorityClassName" "terminationGracePeriodSeconds" "topologySpreadConstraints" "containers" "volumes" "hostNetwork" "hostPID" "hostIPC" -}}
{{- if hasKey $service.values.podSpec $key -}}
{{- $wrong = append $wrong (printf "%s.podSpec.%s is the chart's: it has a value of its own, or must not be changed" $name $key) -}}
{{- end -}}
{{- end -}}
{{- range $key := list "type" "selector" "ports" -}}
{{- if hasKey $service.values.service.spec $key -}}
{{- $wrong = append $wrong (printf "%s.service.spec.%s is the chart's" $name $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if gt (int $connections) (int $values.database.connectionBudget) -}}
{{- $wrong = append $wrong (printf "the pods may open %d connections, two of the migrator and one more pod of each service in a rollout among them, but database.connectionBudget is %d: fewer pods, fewer connections each (config.database), or a larger budget that the server can bear" (int $connections) (int $values.database.connectionBudget)) -}}
{{- end -}}
{{- toYaml $wrong -}}
{{- end }}

{{/* Peers that something else makes necessary. */}}
{{- define "atelier.validate.network" -}}
{{- $values := .Values -}}
{{- $policy := $values.networkPolicy -}}
{{- $edge := dig "nginx" "enabled" false (default (dict) $values.edge) -}}
{{- $wrong := list -}}
{{- if and (eq $values.auth.mode "gateway") (not $policy.gatewayFrom) (not $edge) -}}
{{- $wrong = append $wrong "networkPolicy.gatewayFrom is empty: with auth.mode gateway only your gateway may reach the API, since its headers say who is calling" -}}
{{- end -}}
{{- if and (eq $values.auth.mode "gateway") (not $policy.enabled) -}}
{{- $wrong = append $wrong "networkPolicy.enabled is false: with auth.mode gateway nobody but your gateway may reach the API" -}}
{{- end -}}
{{- if and $policy.enabled $values.metrics.serviceMonitor.enabled (not $policy.prometheusFrom) -}}
{{- $wrong = append $wrong "networkPolicy.prometheusFrom is empty: metrics.serviceMonitor has the ops ports scraped, and Prometheus could not reach them" -}}
{{- end -}}
{{- if and $policy.enabled $policy.egress.enabled -}}
{{- range $name := list "database" "catalog" -}}
{{- if not (get $policy.egress $name) -}}
{{- $wrong = append $wrong (printf "networkPolicy.egress.%s is empty: with egress on, nothing else may be reached" $name) -}}
{{- end -}}
{{- end -}}
{{- if and $values.auth.jwks.url (not $policy.egress.issuer) -}}
{{- $wrong = append $wrong "networkPolicy.egress.issuer is empty: with egress on, auth.jwks.url could not be reached" -}}
{{- end -}}
{{- end -}}
{{- toYaml $wrong -}}
{{- end }}

{{/* Secrets that the chart makes. */}}
{{- define "atelier.validate.secrets" -}}
{{- $external := .Values.externalSecrets -}}
{{- $inline := .Values.inlineSecrets -}}
{{- $wrong := list -}}
{{- if and $external.enabled (not $external.store.name) -}}
{{- $wrong = append $wrong "externalSecrets.store.name is not set: the store that keeps the Secrets" -}}
{{- end -}}
{{- if and $external.secrets (not $external.enabled) -}}
{{- $wrong = append $wrong "externalSecrets.secrets is set, but externalSecrets.enabled is not" -}}
{{- end -}}
{{- if and $inline.secrets (not $inline.allowed) -}}
{{- $wrong = append $wrong "inlineSecrets.secrets is set: whoever sees the release sees them. Make the Secrets yourself, or set inlineSecrets.allowed if this is for trying out" -}}
{{- end -}}
{{- range $name := keys $inline.secrets -}}
{{- if hasKey $external.secrets $name -}}
{{- $wrong = append $wrong (printf "Secret %s is in externalSecrets and in inlineSecrets: use one of them" $name) -}}
{{- end -}}
{{- end -}}
{{- toYaml $wrong -}}
{{- end }}

{{/* What `helm test` must be told. */}}
{{- define "atelier.validate.test" -}}
{{- $test := .Values.test -}}
{{- $wrong := list -}}
{{- if and $test.tokenSecret (ne .Values.auth.mode "token") -}}
{{- $wrong = append $wrong (printf "test.tokenSecret is set, but with auth.mode %s no token is looked at" .Values.auth.mode) -}}
{{- end -}}
{{- if and $test.tokenSecret (not $test.userId) -}}
{{- $wrong = append $wrong "test.userId is not set: the user's id in the token of test.tokenSecret" -}}
{{- end -}}
{{- if $test.walk.enabled -}}
{{- if not $test.tokenSecret -}}
{{- $wrong = append $wrong "test.tokenSecret is not set: test.walk is walked by whoever has that token" -}}
{{- end -}}
{{- range $key := list "orderId" "creator" "creatorSecret" -}}
{{- if not (get $test.walk $key) -}}
{{- $wrong = append $wrong (printf "test.walk.%s is not set, but test.walk is enabled" $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $wrong -}}
{{- end }}
