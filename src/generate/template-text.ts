// Prometheus runs labels and annotations of rules as Go templates, which can query: text that is not ours must stay text.

/** A template that prints exactly this text. */
export function literalTemplate(text: string): string {
  return text.replaceAll('{{', '{{ "{{" }}')
}

/** Prints the label's value of the alert in question. */
export function labelTemplate(label: string): string {
  return `{{ $labels.${label} }}`
}

/**
 * Prints the reason of the last outcome that was not ok; empty where there is none. A query of our own: it names the alert's target
 * by its labels, and `%q` quotes them.
 */
export const reasonTemplate =
  '{{ with query (printf "roundsman_probe_failure_info{namespace=%q,target=%q}" $labels.namespace $labels.target) }}{{ . | first | label "reason" }}{{ end }}'
