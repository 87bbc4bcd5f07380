{{- define "matriarch.labels" -}}
app.kubernetes.io/name: matriarch
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: operator
app.kubernetes.io/part-of: matriarch
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "matriarch.selector" -}}
app.kubernetes.io/name: matriarch
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "matriarch.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* What the operator does in the namespaces of clusters; the last three rules cover what it hands on to the agents. */}}
{{- define "matriarch.rules" -}}
- apiGroups: [matriarch.io]
  resources: [postgresclusters]
  verbs: [get, list, watch]
- apiGroups: [matriarch.io]
  resources: [postgresclusters/status]
  verbs: [get, patch]
- apiGroups: [matriarch.io]
  resources: [postgresclusters/finalizers]
  verbs: [update]
- apiGroups: [apps]
  resources: [statefulsets]
  verbs: [get, list, watch, create, patch]
- apiGroups: [""]
  resources: [services, serviceaccounts]
  verbs: [get, list, watch, create, patch]
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [rbac.authorization.k8s.io]
  resources: [roles, rolebindings]
  verbs: [get, list, watch, create, patch]
- apiGroups: [""]
  resources: [events]
  verbs: [get, list, create, update, patch]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch, patch, delete]
- apiGroups: [""]
  resources: [configmaps, secrets]
  verbs: [get, list, watch, create, patch]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [get, create, update, patch]
{{- end }}
