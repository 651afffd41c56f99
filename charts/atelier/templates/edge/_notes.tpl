{{/* How the release is reached from outside, for NOTES.txt. */}}
{{- define "atelier.edge.notes" -}}
{{- $edge := .Values.edge -}}
{{- $name := include "atelier.edge.fullname" . -}}
{{- if $edge.nginx.enabled }}

NGINX stands in front of both services, at {{ $name }}.{{ .Release.Namespace }}.svc:{{ $edge.nginx.service.port }}; from here:

  kubectl -n {{ .Release.Namespace }} port-forward service/{{ $name }} 8080:{{ $edge.nginx.service.port }}
  curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/orders/1

It proves itself with the first line of Secret {{ .Values.auth.gateway.existingSecret }}, which it reads again when it changes.
{{- if not $edge.cors.origins }}
No page of another origin may call it: edge.cors.origins is empty.
{{- end }}
{{- end }}
{{- with .Values.httpRoute }}
{{- if .enabled }}

An HTTPRoute leads to it{{ with .hostnames }} from {{ join ", " . }}{{ end }}. Whether its Gateways have taken it:

  kubectl -n {{ $.Release.Namespace }} get httproute {{ include "atelier.fullname" $ }} -o jsonpath='{.status.parents[*].conditions}'
{{- if .corsFilter }}

The Gateway is to answer for CORS (httpRoute.corsFilter). Few do, and one that does not may say nothing. Those that do list HTTPRouteCORS here:

  kubectl get gatewayclass -o jsonpath='{range .items[*]}{.metadata.name}{": "}{.status.supportedFeatures[*].name}{"\n"}{end}'

Known to: Envoy Gateway from 1.4, Azure Application Gateway for Containers, GKE (preview); Cilium, NGINX Gateway Fabric and Traefik in their
releases of after July 2026. Known not to: Traefik 3.7 and older, Cilium 1.19 and older, which pass the preflight on to the services.
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.ingress }}
{{- if .enabled }}

An Ingress leads to it from {{ join ", " .hosts }}.
{{- if not $edge.nginx.enabled }}
Nobody there answers for CORS or limits how often somebody asks: edge.nginx.enabled would.
{{- end }}
{{- end }}
{{- end }}
{{- end }}
