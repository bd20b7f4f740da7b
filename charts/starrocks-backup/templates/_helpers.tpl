{{- define "starrocks-backup.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* 53: with the longest suffix of ours ("-dashboard") a name has 63. */}}
{{- define "starrocks-backup.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "starrocks-backup.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Of objects without a namespace: releases of one name in two namespaces must not share them. A colon is in neither. */}}
{{- define "starrocks-backup.clusterName" -}}
{{- printf "%s:%s" .Release.Namespace (include "starrocks-backup.fullname" .) -}}
{{- end -}}

{{- define "starrocks-backup.selectorLabels" -}}
app.kubernetes.io/name: {{ include "starrocks-backup.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/*
The metadata of an object, from a dict: root, name, namespace, component, labels and annotations of its own, all but
root optional. Ours win over those of the values.
*/}}
{{- define "starrocks-backup.metadata" -}}
{{- $labels := mergeOverwrite (dict) .root.Values.commonLabels (.labels | default dict) (fromYaml (include "starrocks-backup.selectorLabels" .root)) -}}
{{- $_ := set $labels "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- $_ := set $labels "app.kubernetes.io/version" .root.Chart.AppVersion -}}
{{- $_ := set $labels "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- $_ := set $labels "app.kubernetes.io/part-of" "starrocks-backup" -}}
{{- with .component }}{{ $_ := set $labels "app.kubernetes.io/component" . }}{{ end -}}
{{- $annotations := mergeOverwrite (dict) .root.Values.commonAnnotations (.annotations | default dict) -}}
{{- $metadata := dict "labels" $labels -}}
{{- with .name }}{{ $_ := set $metadata "name" . }}{{ end -}}
{{- with .namespace }}{{ $_ := set $metadata "namespace" . }}{{ end -}}
{{- with $annotations }}{{ $_ := set $metadata "annotations" . }}{{ end -}}
{{- toYaml $metadata -}}
{{- end -}}

{{- define "starrocks-backup.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "starrocks-backup.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "starrocks-backup.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What the restricted Pod Security Standard demands, and more: the root file system is read-only. */}}
{{- define "starrocks-backup.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "starrocks-backup.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* A rule of egress: DNS, which may be anywhere. */}}
{{- define "starrocks-backup.dnsEgress" -}}
- ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
{{- end -}}

{{/* A rule of egress, from a dict: "to" (empty: anywhere) and "ports". */}}
{{- define "starrocks-backup.egress" -}}
- ports:
    {{- range .ports }}
    - port: {{ . }}
      protocol: TCP
    {{- end }}
  {{- with .to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
