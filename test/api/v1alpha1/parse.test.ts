import { describe, expect, test } from 'vitest'
import {
  parseAlertPolicy,
  parseInspectionTarget,
  parseSilence,
  strictProblems,
} from '../../../src/api/v1alpha1/parse.ts'
import { re2Judges } from '../../../src/domain/spec-checks.ts'

const url = 'https://checkout.shop.svc/health'
const rule = { name: 'down', severity: 'critical', down: {} }

describe('reading what a server has stored', () => {
  test('members of a newer version pass and are left out', () => {
    const parsed = parseInspectionTarget({ http: { url, method: 'POST' }, schedule: { cron: '* * * * *' } })
    expect(parsed).toEqual({ ok: true, spec: { http: { url } } })
  })

  test('a rule of a newer kind does not spoil the others', () => {
    const parsed = parseAlertPolicy({
      targets: { names: ['a'] },
      rules: [rule, { name: 'flap', severity: 'info', flapping: { changes: 6 } }],
    })
    expect(parsed).toMatchObject({ ok: true, spec: { rules: [rule, { name: 'flap', severity: 'info' }] } })
  })

  test('a target whose probe is of a newer kind cannot be probed', () => {
    expect(parseInspectionTarget({ dns: { server: '10.0.0.10:53' } })).toMatchObject({
      ok: false,
      problems: [{ path: 'spec', message: 'exactly one of http and tcp must be set' }],
    })
  })

  test('a severity of a newer version is told with its place and what is known', () => {
    expect(parseAlertPolicy({ targets: { names: ['a'] }, rules: [{ ...rule, severity: 'page' }] })).toEqual({
      ok: false,
      problems: [
        {
          path: 'spec.rules[0].severity',
          segments: ['spec', 'rules', 0, 'severity'],
          message: 'expected critical, warning, info or debug, got "page"',
        },
      ],
    })
  })

  test.each([undefined, null, 'spec', 7, [], { http: 'x' }, { http: { url: { a: 1 } } }])(
    '%j is no crash',
    (spec) => {
      expect(parseInspectionTarget(spec).ok).toBe(false)
      expect(parseAlertPolicy(spec).ok).toBe(false)
      expect(parseSilence(spec).ok).toBe(false)
    },
  )

  // A name that is dropped would make the selector wider: here it would select everything.
  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'a label called %s stays a label',
    (name) => {
      const spec = JSON.parse(
        `{"targets": {"selector": {"matchLabels": {"${name}": "x"}}}, "rules": [${JSON.stringify(rule)}]}`,
      )
      const parsed = parseAlertPolicy(spec)
      if (name === '__proto__') {
        expect(parsed).toMatchObject({ ok: false, problems: [{ path: 'spec.targets.selector.matchLabels' }] })
      } else {
        expect(parsed.ok && Object.entries(parsed.spec.targets.selector?.matchLabels ?? {})).toEqual([
          [name, 'x'],
        ])
      }
      expect(Object.getPrototypeOf({})).toBe(Object.prototype)
    },
  )

  test('defaults are filled in', () => {
    const parsed = parseSilence({ matchers: [{ name: 'a', value: 'b' }], duration: '1h', comment: 'c' })
    expect(parsed.ok && parsed.spec.matchers).toEqual([{ name: 'a', matchType: '=', value: 'b' }])
  })

  test('all problems are told at once, constraints beside shapes', () => {
    const parsed = parseInspectionTarget({ interval: 30, http: { url, path: '/x' }, tcp: { host: 'a' } })
    expect(parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path} ${message}`)).toEqual([
      'spec.interval expected a text, got 30; put it in quotes',
      'spec.http scheme and path are for service only; write them into url',
      'spec.tcp host and port go together; a service brings its own port',
    ])
  })
})

describe('reading what people write', () => {
  const problemsOf = (spec: unknown, more: object = {}) =>
    strictProblems('InspectionTarget', { metadata: { name: 'checkout' }, spec, ...more }, re2Judges).map(
      ({ path, message }) => `${path} ${message}`,
    )

  test.each([
    [{ http: { url }, timout: '5s' }, 'spec.timout is not a field; did you mean timeout?'],
    [{ http: { URL: url } }, 'spec.http.URL is not a field; did you mean url?'],
    [
      { http: { url, expect: { code: 200 } } },
      'spec.http.expect.code is not a field; known here: status, body, latency',
    ],
    [{ http: { url }, suspend: 'yes' }, 'spec.suspend expected true or false, got "yes"; remove the quotes'],
    [
      { http: { url }, failureThreshold: '3' },
      'spec.failureThreshold expected an integer, got "3"; remove the quotes',
    ],
    [{ http: { url }, failureThreshold: 0 }, 'spec.failureThreshold expected at least 1, got 0'],
    [
      { http: { url, expect: { latency: { below: 0.5 } } } },
      'spec.http.expect.latency.below expected an integer or quoted string, got 0.5; write "0.5"',
    ],
    [{ http: { url, expect: { latency: {} } } }, 'spec.http.expect.latency.below is required'],
    [{ http: { url, expect: { status: [] } } }, 'spec.http.expect.status has 0 items; at least 1 are needed'],
    [
      { http: { url }, interval: '1 minute' },
      'spec.interval is not a duration; write whole numbers with units from large to small, for example 30s, 5m or 1h30m',
    ],
    [
      { http: { url, expect: { body: [{ matches: '(?=a)' }] } } },
      'spec.http.expect.body[0].matches must be a regular expression of RE2: no backreference and no lookahead',
    ],
  ])('%j is told in a sentence', (spec, sentence) => {
    expect(problemsOf(spec)).toContain(sentence)
  })

  test('a status in a file is not looked at', () => {
    expect(problemsOf({ http: { url } }, { status: { nonsense: true } })).toEqual([])
  })

  test('a name that was pasted as a secret is not repeated', () => {
    const problems = strictProblems(
      'AlertPolicy',
      {
        metadata: { name: 'a' },
        spec: {
          targets: { names: ['a'] },
          rules: [rule],
          receivers: [
            {
              name: 'a',
              webhook: { urlFrom: { secretKeyRef: { name: 'https://hook/t0ken', key: 't0ken!' } } },
            },
          ],
        },
      },
      re2Judges,
    )
    expect(problems).toHaveLength(2)
    expect(JSON.stringify(problems)).not.toContain('t0ken')
  })
})
