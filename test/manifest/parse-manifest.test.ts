import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseManifest } from '../../src/manifest/parse-manifest.ts'
import { secretValues } from '../../src/manifest/secret-values.ts'

const target = `apiVersion: roundsman.dev/v1alpha1
kind: InspectionTarget
metadata: {name: checkout}
`

const messagesOf = (text: string) =>
  parseManifest(text, 'a.yaml').problems.map(({ line, message }) => `${line}: ${message}`)
const namesOf = (text: string) =>
  parseManifest(text, 'a.yaml').documents.map(({ object }) => object.metadata.name)

describe('lines', () => {
  const text = `# A comment.
---
${target}spec:
  rules:
  - name: down
    down:
      for: 1m

  - latency: {quantile: "0.95",
      above: 1}
    name: "slow"
  labels:
    "a.b/c": x
`
  const [document] = parseManifest(text, 'a.yaml').documents

  test.each([
    [[], 3],
    [['kind'], 4],
    [['metadata', 'name'], 5],
    [['spec'], 6],
    [['spec', 'rules'], 7],
    [['spec', 'rules', 0], 8],
    [['spec', 'rules', 0, 'name'], 8],
    [['spec', 'rules', 0, 'down', 'for'], 10],
    [['spec', 'rules', 1], 12],
    [['spec', 'rules', 1, 'latency', 'above'], 13],
    [['spec', 'rules', 1, 'name'], 14],
    [['spec', 'labels', 'a.b/c'], 16],
    [['spec', 'rules', 0, 'severity'], 8], // Absent: where it would stand.
    [['spec', 'rules', 7, 'name'], 7],
    [['status'], 3],
  ])('%j stands in line %d', (path, line) => {
    expect(document?.lineOf(path)).toBe(line)
  })

  test('of an aliased value is that of the alias, of what it holds that of the anchor', () => {
    const [aliased] = parseManifest(`${target}a: &x\n  b: 1\nc: *x\n`, 'a.yaml').documents
    expect([aliased?.lineOf(['c']), aliased?.lineOf(['c', 'b'])]).toEqual([6, 5])
  })

  test('count the same with Windows line ends', () => {
    const [windows] = parseManifest(target.replaceAll('\n', '\r\n'), 'a.yaml').documents
    expect(windows?.lineOf(['metadata', 'name'])).toBe(3)
  })
})

describe('documents', () => {
  test('several lie in one text, empty ones are left out', () => {
    expect(namesOf(`${target}---\n---\n# nothing\n---\n${target.replace('checkout', 'cart')}`)).toEqual([
      'checkout',
      'cart',
    ])
    expect(namesOf('')).toEqual([])
    expect(namesOf('# only a comment\n')).toEqual([])
  })

  test('a List is unfolded, with the lines of its items', () => {
    const text =
      'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: a}}\n- apiVersion: v1\n  kind: Service\n  metadata: {name: b}\n'
    const { documents } = parseManifest(text, 'a.yaml')
    expect(documents.map(({ object, line }) => [object.metadata.name, line])).toEqual([
      ['a', 4],
      ['b', 5],
    ])
    expect(documents[1]?.lineOf(['metadata', 'name'])).toBe(7)
  })

  test('JSON is read too, indented by tabs', () => {
    expect(
      namesOf('{\n\t"apiVersion": "v1",\n\t"kind": "Service",\n\t"metadata": {"name": "a\\/b"}\n}'),
    ).toEqual(['a/b'])
  })

  test('whatever JSON can say is read as JSON means it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), (value, isIndented) => {
        const object = { apiVersion: 'x/v1', kind: 'Widget', metadata: { name: 'w' }, value }
        const text = JSON.stringify(object, undefined, isIndented ? 2 : 0)
        expect(JSON.stringify(parseManifest(text, 'a.json').documents[0]?.object)).toBe(
          JSON.stringify(object),
        )
      }),
    )
  })

  test('kinds that nobody here knows pass through', () => {
    const [document] = parseManifest(
      '{apiVersion: x/v1, kind: Widget, metadata: {name: w}, size: 010}',
      'a.yaml',
    ).documents
    expect(document?.object).toEqual({ apiVersion: 'x/v1', kind: 'Widget', metadata: { name: 'w' }, size: 8 })
  })

  test('a member called __proto__ is a member', () => {
    const [document] = parseManifest(`${target}spec: {__proto__: {polluted: true}}`, 'a.yaml').documents
    expect(Object.keys(document?.object.spec as object)).toEqual(['__proto__'])
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})

describe('what cannot be read is told with its line', () => {
  test.each([
    ['a: [1\n', '2: cannot be read as YAML: deficient indentation'],
    [`${target}kind: Silence\n`, '4: cannot be read as YAML: duplicated mapping key'],
    [`${target}spec: *nothing\n`, '4: cannot be read as YAML: unidentified alias "nothing"'],
    [
      `${target}spec: !!python/object x\n`,
      '4: cannot be read as YAML: unknown scalar tag !<tag:yaml.org,2002:python/object>',
    ],
    ['- a\n', '1: is no Kubernetes object: expected apiVersion, kind and metadata'],
    ['hello\n', '1: is no Kubernetes object: expected apiVersion, kind and metadata'],
    [
      'kind: Service\nmetadata: {name: a}\n',
      '1: is no Kubernetes object: apiVersion must be a text; every object has one',
    ],
    [
      'apiVersion: v1\nkind: Service\n',
      '1: Service has no metadata.name; give it one, in quotes if it is a number',
    ],
    [
      'apiVersion: v1\nkind: Service\nmetadata:\n  name: 007\n',
      '4: Service has no metadata.name; give it one, in quotes if it is a number',
    ],
    [
      'apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  namespace: 1\n',
      '5: Service a: metadata.namespace must be a text',
    ],
    [
      'apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  labels:\n    tier: on\n',
      '6: metadata.labels tier must be a text, got true; put it in quotes',
    ],
  ])('%j', (text, message) => {
    expect(messagesOf(text)).toEqual([message])
  })

  test('and spoils no other document of the text', () => {
    const text = `${target}---\na: 1\na: 2\n---\n${target.replace('checkout', 'cart')}`
    expect(namesOf(text)).toEqual(['checkout', 'cart'])
    expect(messagesOf(text)).toEqual(['6: cannot be read as YAML: duplicated mapping key'])
  })
})

describe('bounds', () => {
  test('a text of more than 8 MiB is not read', () => {
    expect(messagesOf(`a: ${'x'.repeat(8 * 1024 * 1024)}`)).toEqual([
      '1: has 8388611 bytes, and 8388608 are the most that is read; split it',
    ])
  })

  test('what nests too deep is not read', () => {
    expect(messagesOf('['.repeat(200))[0]).toContain('nesting exceeded maxDepth (64)')
  })

  test('aliases that multiply are not written out', () => {
    const levels = Array.from(
      { length: 12 },
      (_, level) => `l${level + 1}: &l${level + 1} [${Array(9).fill(`*l${level}`).join(', ')}]`,
    )
    const [message] = messagesOf(`l0: &l0 x\n${levels.join('\n')}\n`)
    expect(message).toMatch(/^1: its aliases make \d+ values, and 1000000 are the most that is read$/)
  })

  test('a value that holds itself is not read', () => {
    expect(messagesOf('a: &x [*x]\n')).toEqual([
      '1: an alias stands inside the value it names, which would have no end',
    ])
  })
})

describe('a Secret', () => {
  const text = `apiVersion: v1
kind: Secret
metadata:
  name: keys
  annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"stringData":{"a":"hunter2"}}', note: x}
data:
  a: aHVudGVyMQ==
  both: b2xk
stringData:
  token: hunter2
  both: new
`
  const [document] = parseManifest(text, 'a.yaml').documents
  const object = document?.object ?? expect.fail('it was not read')

  test('gives its values to whoever asks by name', () => {
    const values = secretValues(object)
    expect([...values].map(([key, value]) => [key, value.reveal()])).toEqual([
      ['a', 'hunter1'],
      ['both', 'new'],
      ['token', 'hunter2'],
    ])
  })

  test('shows none of them', () => {
    for (const shown of [
      JSON.stringify(object),
      inspect(object, { depth: 9 }),
      `${Object.values(object.data as object)}`,
    ]) {
      expect(shown).not.toMatch(/hunter|aHVudGVy/)
    }
  })

  test('keeps its other annotations', () => {
    expect(object.metadata.annotations).toEqual({ note: 'x' })
  })

  test.each([
    ['data: {token: "not base64!"}', 'data.token must be base64; put plain text into stringData'],
    ['data: {token: 7}', 'data.token must be base64; put plain text into stringData'],
    ['stringData: {token: 7}', 'stringData.token must be a text; put it in quotes'],
  ])('with %s is told without the value', (field, message) => {
    expect(messagesOf(`apiVersion: v1\nkind: Secret\nmetadata: {name: keys}\n${field}\n`)).toEqual([
      `4: Secret keys: ${message}`,
    ])
  })
})
