// PromQL as a tree and its printer. Values enter the text here alone, quoted; so no value can end its string or add a selector.

export type LabelMatcher = {
  readonly name: string
  readonly op: '=' | '!=' | '=~' | '!~'
  readonly value: string
}

export type Expression =
  | {
      readonly kind: 'selector'
      readonly metric: string
      readonly matchers: readonly LabelMatcher[]
      readonly range?: string // A duration: a range vector then.
    }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'call'; readonly name: string; readonly arguments: readonly Expression[] }
  | {
      readonly kind: 'aggregation'
      readonly name: 'max' | 'min' | 'sum'
      readonly by: readonly string[]
      readonly of: Expression
    }
  | {
      readonly kind: 'binary'
      readonly op: BinaryOperator
      readonly on?: readonly string[] // Labels that must be equal; absent: all.
      readonly left: Expression
      readonly right: Expression
    }
export type BinaryOperator = keyof typeof precedence

// Higher binds tighter. All of these associate to the left.
const precedence = { or: 1, and: 2, unless: 2, '==': 3, '!=': 3, '<': 3, '>': 3, '<=': 3, '>=': 3 } as const

/** One line that Prometheus parses into exactly this tree. Metric, label and function names are ours and are not checked. */
export function printExpression(expression: Expression): string {
  switch (expression.kind) {
    case 'selector':
      return printSelector(expression)
    case 'number':
      return printNumber(expression.value)
    case 'call':
      return `${expression.name}(${expression.arguments.map(printExpression).join(', ')})`
    case 'aggregation':
      return `${expression.name} by (${expression.by.join(', ')}) (${printExpression(expression.of)})`
    case 'binary':
      return printBinary(expression)
    default:
      return expression satisfies never
  }
}

/** The shortest text that reads back as this very number. */
export function printNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  return String(value)
}

/** A regular expression that matches exactly this text in RE2, as Go's regexp.QuoteMeta makes it. */
export function quoteRegex(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')
}

/** `a|b`, matching exactly these texts, in this order. Prometheus and Alertmanager anchor it themselves. */
export function anyOf(texts: readonly string[]): string {
  return texts.map(quoteRegex).join('|')
}

export function selector(
  metric: string,
  matchers: readonly LabelMatcher[],
  options: { readonly range?: string } = {},
): Expression {
  return { kind: 'selector', metric, matchers, ...options }
}

export function number(value: number): Expression {
  return { kind: 'number', value }
}

export function call(name: string, ...args: readonly Expression[]): Expression {
  return { kind: 'call', name, arguments: args }
}

export function aggregation(name: 'max' | 'min' | 'sum', by: readonly string[], of: Expression): Expression {
  return { kind: 'aggregation', name, by, of }
}

export function binary(
  left: Expression,
  op: BinaryOperator,
  right: Expression,
  options: { readonly on?: readonly string[] } = {},
): Expression {
  return { kind: 'binary', op, left, right, ...options }
}

function printSelector({ metric, matchers, range }: Extract<Expression, { kind: 'selector' }>): string {
  const inBraces = matchers.map(({ name, op, value }) => `${name}${op}${quoteString(value)}`).join(',')
  return `${metric}${inBraces === '' ? '' : `{${inBraces}}`}${range === undefined ? '' : `[${range}]`}`
}

function printBinary({ op, on, left, right }: Extract<Expression, { kind: 'binary' }>): string {
  const matching = on === undefined ? '' : ` on (${on.join(', ')})`
  return `${operand(left, precedence[op])} ${op}${matching} ${operand(right, precedence[op] + 1)}`
}

/** In parentheses when it binds less tightly than its place demands. */
function operand(expression: Expression, atLeast: number): string {
  const text = printExpression(expression)
  return expression.kind === 'binary' && precedence[expression.op] < atLeast ? `(${text})` : text
}

// What a double-quoted PromQL string cannot hold as it is. Other control characters may stand in it.
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n', '\r': '\\r' }

function quoteString(value: string): string {
  return `"${value.replace(/[\\"\n\r]/g, (character) => escapes[character] ?? character)}"`
}
