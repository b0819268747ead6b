// The architecture as data, and what to do when it is broken. ARCHITECTURE.md explains it; this test keeps it true.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Packages whose code is pure: they may be used where nothing else from outside may. */
const purePackages = ['re2js', 'ipaddr.js']

type Row = {
  /** Folders of ours it may import. `ports` of other folders are allowed to every adapter, as types. */
  readonly folders: readonly string[]
  readonly packages: readonly string[]
  /** Modules of node itself; everything pure needs none but what computes. */
  readonly node: 'none' | 'computing' | 'all'
  readonly instead: string
}

const pure = 'do it in an adapter and pass the result in'
const adapter = 'declare what you need as a type in the ports.ts of the consumer, and let main.ts wire it'

const rows: Readonly<Record<string, Row>> = {
  'api/v1alpha1': { folders: [], packages: ['zod'], node: 'none', instead: 'schemas stand alone' },
  domain: { folders: ['api/v1alpha1'], packages: purePackages, node: 'computing', instead: pure },
  generate: { folders: ['api/v1alpha1', 'domain'], packages: purePackages, node: 'computing', instead: pure },
  reconcile: { folders: ['api/v1alpha1', 'domain', 'generate'], packages: [], node: 'none', instead: pure },
  control: { folders: ['api/v1alpha1', 'domain', 'reconcile'], packages: [], node: 'none', instead: adapter },
  evaluate: { folders: ['api/v1alpha1', 'domain'], packages: [], node: 'computing', instead: adapter },
  manifest: {
    folders: ['api/v1alpha1', 'domain'],
    packages: ['js-yaml', 'yaml'],
    node: 'all',
    instead: adapter,
  },
  kube: {
    folders: ['api/v1alpha1', 'domain', 'control'],
    packages: ['@kubernetes/client-node', 'undici'],
    node: 'all',
    instead: adapter,
  },
  files: {
    folders: ['api/v1alpha1', 'domain', 'control', 'manifest'],
    packages: [],
    node: 'all',
    instead: adapter,
  },
  probe: { folders: ['api/v1alpha1', 'domain'], packages: ['undici'], node: 'all', instead: adapter },
  notify: {
    folders: ['api/v1alpha1', 'domain'],
    packages: ['undici', 'nodemailer'],
    node: 'all',
    instead: adapter,
  },
  upstream: { folders: ['api/v1alpha1', 'domain'], packages: ['undici'], node: 'all', instead: adapter },
  telemetry: {
    folders: ['api/v1alpha1', 'domain'],
    packages: ['pino', 'prom-client'],
    node: 'all',
    instead: adapter,
  },
  server: {
    folders: ['api/v1alpha1', 'domain', 'telemetry'],
    packages: ['hono', '@hono/node-server'],
    node: 'all',
    instead: adapter,
  },
  cli: {
    folders: ['api/v1alpha1', 'domain', 'generate', 'reconcile', 'manifest', 'control'],
    packages: ['commander', 'js-yaml', 'yaml'],
    node: 'all',
    instead: adapter,
  },
  demo: { folders: [], packages: [], node: 'all', instead: 'the sample service knows nothing of Roundsman' },
}

/** The wiring: beside main.ts the only place that knows two adapters. */
const table: Readonly<Record<string, Row>> = {
  ...rows,
  program: {
    folders: [...Object.keys(rows), 'config.ts'],
    packages: [],
    node: 'all',
    instead: 'wiring needs no package',
  },
}

/** Files above the folders. */
const topLevel: Readonly<Record<string, readonly string[]>> = {
  'config.ts': ['api/v1alpha1', 'domain', 'manifest', 'config-file.ts'],
  'config-file.ts': ['api/v1alpha1', 'domain', 'manifest'],
  'main.ts': Object.keys(table),
}

const computing = ['node:crypto', 'node:util', 'node:buffer']

type Import = { readonly from: string; readonly typeOnly: boolean }
type Source = {
  readonly path: string
  readonly folder: string
  readonly text: string
  readonly imports: readonly Import[]
}

const sources = filesBelow('src', '.ts').map(readSource)

test('every folder imports only what its row allows', () => {
  expect(sources.flatMap(forbiddenImports)).toEqual([])
})

test('no module reaches itself through value imports', () => {
  expect(cycles()).toEqual([])
})

test('no file merely passes on what others export', () => {
  const barrels = sources.filter(
    ({ path, text }) => /(^|\/)index\.ts$/.test(path) || /^export\s+(\*|\{[^}]*\})\s+from\s/m.test(text),
  )
  expect(barrels.map(({ path }) => `${path} re-exports: import the file that defines it`)).toEqual([])
})

test('the code map of ARCHITECTURE.md names every folder and no other', () => {
  const map = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
  const named = [...map.matchAll(/^\| `src\/([a-z0-9/]+)` \|/gm)].map(([, folder]) => folder)
  expect(named.sort()).toEqual(Object.keys(table).sort())
  expect(foldersOfSource()).toEqual(Object.keys(table).sort())
})

test('tests mirror the source path for path', () => {
  const known = new Set(sources.map(({ path }) => path.replace(/^src\//, 'test/').replace(/\.ts$/, '')))
  const strays = filesBelow('test', '.test.ts')
    .map((path) => path.replace(/\.test\.ts$/, ''))
    .filter((path) => !known.has(path) && !known.has(path.replace(/\.[a-z-]+$/, '')))
    .filter((path) => !isCrossCutting(path))
  expect(strays.map((path) => `${path}.test.ts has no src file of that path`)).toEqual([])
})

/** What must not stand in the source at all, and what to do instead. */
const banned: readonly {
  readonly pattern: RegExp
  readonly except: readonly string[]
  readonly instead: string
}[] = [
  {
    pattern: /\bDate\.now\(|new Date\(\)/,
    except: ['src/program/system-clock.ts', 'src/probe/worker.ts'],
    instead: 'take the time from the Clock argument',
  },
  {
    pattern: /\bperformance\.now\(/,
    except: ['src/program/system-clock.ts', 'src/probe/worker.ts', 'src/kube/watchdog.ts'],
    instead: 'take the time from the Clock argument',
  },
  {
    pattern: /\bprocess\.(env|argv)\b/,
    except: ['src/main.ts', 'src/config.ts'],
    instead: 'read it in config.ts and pass it in',
  },
  { pattern: /\bsetInterval\(/, except: [], instead: 'arm the next run when the last one ended' },
  {
    pattern: /\bdns\.lookup\b|\blookup\(/,
    except: ['src/probe/resolver.ts'],
    instead: 'resolve by c-ares: two stuck lookups stall all others',
  },
  {
    pattern: /\bnew RegExp\(|\bRegExp\(/,
    except: ['src/api/v1alpha1/network.ts'],
    instead: 'compile text from outside with re2js',
  },
  {
    pattern: /\bfetch\(/,
    except: [],
    instead: 'use the guarded client of the adapter, with deadline and byte limit',
  },
  {
    pattern: /generateName/,
    except: [],
    instead: 'name children deterministically: a lost answer would make a second one',
  },
  { pattern: /innerHTML/, except: [], instead: 'write text nodes' },
  {
    pattern: /\bconsole\./,
    except: [],
    instead: 'write data to stdout through the CLI, narration through the log',
  },
  { pattern: /Math\.random\(/, except: ['src/main.ts'], instead: 'take randomness as an argument' },
]

test('the banned constructs do not stand in the source', () => {
  const found = sources.flatMap(({ path, text }) => {
    const code = withoutComments(text)
    return banned
      .filter(({ pattern, except }) => pattern.test(code) && !except.includes(path))
      .map(({ pattern, instead }) => `${path} holds ${pattern.source}: ${instead}`)
  })
  expect(found).toEqual([])
})

function forbiddenImports({ path, folder, imports }: Source): readonly string[] {
  const row = table[folder]
  const allowed = row?.folders ?? topLevel[folder]
  if (allowed === undefined)
    return [`${path} lies in no folder of the table: find its place, or add a row and say why`]
  return imports.flatMap(({ from, typeOnly }) => {
    if (row === undefined && folder === 'main.ts') return []
    const isAllowed = from.startsWith('.')
      ? isAllowedOwn(path, from, { folder, allowed, typeOnly })
      : row === undefined || isAllowedOutside(from, row, typeOnly)
    return isAllowed ? [] : [`${path} imports ${from}: ${row?.instead ?? 'only main.ts knows adapters'}`]
  })
}

function isAllowedOwn(
  path: string,
  from: string,
  { folder, allowed, typeOnly }: { folder: string; allowed: readonly string[]; typeOnly: boolean },
): boolean {
  const target = relative(join(root, 'src'), join(root, dirname(path), from))
  const targetFolder = folderOf(target)
  if (targetFolder === folder || allowed.includes(targetFolder)) return true
  return typeOnly && (target.endsWith('/ports.ts') || target === 'reconcile/plan.ts')
}

function isAllowedOutside(from: string, row: Row, typeOnly: boolean): boolean {
  if (from.startsWith('node:'))
    return row.node === 'all' || (row.node === 'computing' && computing.includes(from))
  const name = from.startsWith('@') ? from.split('/').slice(0, 2).join('/') : (from.split('/')[0] ?? '')
  return row.packages.includes(name) || (typeOnly && row.packages.some((allowed) => allowed === name))
}

function cycles(): readonly string[] {
  const graph = new Map(
    sources.map(({ path, imports }) => [
      path,
      imports
        .filter(({ from, typeOnly }) => from.startsWith('.') && !typeOnly)
        .map(({ from }) => join(dirname(path), from)),
    ]),
  )
  const finished = new Set<string>()
  const found: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      found.push([...trail.slice(trail.indexOf(path)), path].join(' -> '))
      return
    }
    if (finished.has(path)) return
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path])
    finished.add(path)
  }
  for (const path of graph.keys()) visit(path, [])
  return found
}

function readSource(path: string): Source {
  const text = readFileSync(join(root, path), 'utf8')
  return {
    path,
    folder: folderOf(path.replace(/^src\//, '')),
    text,
    imports: importsOf(withoutComments(text)),
  }
}

function importsOf(code: string): readonly Import[] {
  const declared = [...code.matchAll(/^(?:import|export)\s+(type\s)?([^'";]*?\sfrom\s+)?'([^']+)'/gm)].map(
    ([, typeOnly, names = '', from = '']) => ({ from, typeOnly: typeOnly !== undefined || onlyTypes(names) }),
  )
  const dynamic = [...code.matchAll(/\bimport\('([^']+)'\)/g)].map(([, from = '']) => ({
    from,
    typeOnly: false,
  }))
  return [...declared, ...dynamic]
}

/** `import { type A, type B } from` names types alone. */
function onlyTypes(names: string): boolean {
  const inside = /\{([^}]*)\}/.exec(names)?.[1]
  if (inside === undefined) return false
  return inside
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .every((name) => name.startsWith('type '))
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')
}

function folderOf(path: string): string {
  if (path.startsWith('api/v1alpha1/')) return 'api/v1alpha1'
  const [first = ''] = path.split('/')
  return first
}

function foldersOfSource(): readonly string[] {
  return [...new Set(sources.map(({ folder }) => folder))].filter((folder) => !folder.endsWith('.ts')).sort()
}

function filesBelow(folder: string, ending: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path))
    .filter((path) => path.endsWith(ending) && statSync(join(root, path)).isFile())
    .sort()
}

/** Tests of what spans several files: the architecture itself, contracts run on one implementation, fakes, goldens. */
function isCrossCutting(path: string): boolean {
  return (
    path === 'test/architecture' ||
    /^test\/(fakes|fixtures|scripts|charts)\//.test(path) ||
    /(cluster-contract|golden)$/.test(path)
  )
}
