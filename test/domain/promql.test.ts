import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  aggregation,
  anyOf,
  type BinaryOperator,
  binary,
  call,
  type Expression,
  number,
  printExpression,
  printNumber,
  selector,
} from '../../src/domain/promql.ts'

const up = selector('up', [{ name: 'job', op: '=', value: 'a' }])

describe('printing', () => {
  it('sets parentheses only where the tree would be another without them', () => {
    const either = binary(up, 'or', up)
    expect(printExpression(binary(either, 'and', up))).toBe('(up{job="a"} or up{job="a"}) and up{job="a"}')
    expect(printExpression(binary(up, 'and', either))).toBe('up{job="a"} and (up{job="a"} or up{job="a"})')
    expect(printExpression(binary(binary(up, '>', number(1)), 'or', up))).toBe(
      'up{job="a"} > 1 or up{job="a"}',
    )
    // Operators associate to the left.
    expect(printExpression(binary(up, 'unless', binary(up, 'and', up)))).toBe(
      'up{job="a"} unless (up{job="a"} and up{job="a"})',
    )
    expect(printExpression(binary(binary(up, 'unless', up), 'and', up))).toBe(
      'up{job="a"} unless up{job="a"} and up{job="a"}',
    )
  })

  it('prints ranges, functions, aggregations and matching labels', () => {
    const range = selector('x_total', [], { range: '5m' })
    const sum = aggregation('sum', ['namespace', 'target'], call('increase', range))
    expect(printExpression(binary(sum, 'unless', up, { on: ['target'] }))).toBe(
      'sum by (namespace, target) (increase(x_total[5m])) unless on (target) up{job="a"}',
    )
  })

  it('prints the shortest number that reads back', () => {
    expect([0.1, 800, 1e-7, 1e21, Number.POSITIVE_INFINITY].map(printNumber)).toEqual([
      '0.1',
      '800',
      '1e-7',
      '1e+21',
      '+Inf',
    ])
  })
})

describe('a value from outside', () => {
  it('stays a value', () => {
    const hostile = selector('up', [{ name: 'job', op: '=', value: 'a"} or up{job="\n\\' }])
    expect(printExpression(hostile)).toBe(String.raw`up{job="a\"} or up{job=\"\n\\"}`)
  })

  it('never changes the shape of the expression, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const text = printExpression(selector('up', [{ name: 'job', op: '=', value }]))
        const { rest, values } = takeStrings(text)
        expect(rest).toBe('up{job=""}')
        expect(values).toEqual([value])
      }),
    )
  })

  it('is matched by its quoted pattern and by nothing else', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (one, other) => {
        const pattern = new RegExp(`^(?:${anyOf([one])})$`, 's')
        expect(pattern.test(one)).toBe(true)
        expect(pattern.test(other)).toBe(one === other)
      }),
    )
  })
})

it('prints every tree so that it reads back as the same tree', () => {
  const leaf: fc.Arbitrary<Expression> = fc.constantFrom(
    selector('a', []),
    selector('b', [{ name: 'x', op: '=~', value: '(' }]),
    number(1),
  )
  const operators: readonly BinaryOperator[] = ['or', 'and', 'unless', '==', '>', '>=']
  const tree = fc.letrec<{ node: Expression }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc
        .tuple(tie('node'), fc.constantFrom(...operators), tie('node'), fc.boolean())
        .map(([left, op, right, on]) => binary(left, op, right, on ? { on: ['x'] } : {})),
      fc.tuple(tie('node')).map(([of]) => aggregation('max', ['x'], of)),
    ),
  })).node
  fc.assert(
    fc.property(tree, (expression) => {
      expect(new Reader(printExpression(expression)).whole()).toEqual(expression)
    }),
  )
})

/** Cuts the contents of double-quoted strings out of a text, by Go's rules, which are PromQL's. */
function takeStrings(text: string): { readonly rest: string; readonly values: readonly string[] } {
  const values: string[] = []
  const rest = text.replace(/"((?:[^"\\\n]|\\.)*)"/gs, (_whole, inside: string) => {
    values.push(
      inside.replace(/\\(.)/gs, (_escape, letter: string) => ({ n: '\n', r: '\r' })[letter] ?? letter),
    )
    return '""'
  })
  return { rest, values }
}

/** Reads the part of PromQL that the printer can write: precedence climbing over tokens. */
class Reader {
  private readonly tokens: readonly string[]
  private at = 0

  constructor(text: string) {
    this.tokens = text.match(/"(?:[^"\\]|\\.)*"|[a-z]+|[0-9.]+|[<>=!]=?~?|[(){},]/g) ?? []
  }

  whole(): Expression {
    const expression = this.binary(1)
    expect(this.at).toBe(this.tokens.length)
    return expression
  }

  private binary(atLeast: number): Expression {
    let left = this.leaf()
    for (;;) {
      const op = this.tokens[this.at] as BinaryOperator
      const binds = { or: 1, and: 2, unless: 2 }[op as string] ?? (/^[<>=!]/.test(op ?? '') ? 3 : 0)
      if (binds < atLeast) return left
      this.at += 1
      const on = this.tokens[this.at] === 'on' ? { on: this.names(1) } : {}
      left = { kind: 'binary', op, left, right: this.binary(binds + 1), ...on }
    }
  }

  private leaf(): Expression {
    const token = this.tokens[this.at++] ?? ''
    if (token === '(') {
      const inside = this.binary(1)
      this.at += 1
      return inside
    }
    if (/^[0-9]/.test(token)) return number(Number(token))
    if (token !== 'max') return selector(token, this.matchers())
    const by = this.names(1)
    return { kind: 'aggregation', name: 'max', by, of: this.leaf() }
  }

  private matchers() {
    if (this.tokens[this.at] !== '{') return []
    const [name = '', op, value = ''] = this.tokens.slice(this.at + 1, this.at + 4)
    this.at += 5
    return [{ name, op: op as '=', value: JSON.parse(value) as string }]
  }

  /** `<word> ( a , b )`, from the word on. */
  private names(skipped: number): readonly string[] {
    const end = this.tokens.indexOf(')', this.at)
    const names = this.tokens.slice(this.at + skipped + 1, end).filter((token) => token !== ',')
    this.at = end + 1
    return names
  }
}
