// Server-side apply in small: which manager owns which field, and what becomes of an object when a manager applies its fields again.
// It knows the list types of the kinds Roundsman writes; every other list is atomic. No validation, no defaulting.

/** An object's fields as plain data. */
export type Fields = { readonly [name: string]: unknown }

/** The paths of the leaves that each manager owns, by manager and subresource. */
type Ownership = ReadonlyMap<string, ReadonlySet<string>>

export type Applied = { readonly fields: Fields; readonly owners: Ownership }

/**
 * Applies `wanted` for `manager` by force: sets its leaves, removes the leaves that this manager alone owned and left out, and takes
 * from other managers the leaves whose value it changed. The inputs are left as they were.
 */
export function applyFields(current: Applied, wanted: Fields, manager: string, kind: string): Applied {
  const before = leavesOf(current.fields, kind)
  const applied = leavesOf(wanted, kind)
  const owners = new Map([...current.owners].map(([name, paths]) => [name, new Set(paths)]))
  const leaves = new Map(before)
  for (const path of owners.get(manager) ?? []) {
    if (!applied.has(path) && !isOwnedByOther(owners, manager, path)) {
      leaves.delete(path)
    }
  }
  for (const [path, value] of applied) {
    if (!isEqual(before.get(path), value)) {
      disown(owners, path)
      dropOverlapping(leaves, path)
    }
    leaves.set(path, value)
  }
  owners.set(manager, new Set(applied.keys()))
  return { fields: treeOf(leaves, kind), owners }
}

/** Replaces the whole object, as a user's `kubectl edit` does: changed leaves become the manager's, removed ones nobody's. */
export function replaceFields(current: Applied, wanted: Fields, manager: string, kind: string): Applied {
  const before = leavesOf(current.fields, kind)
  const after = leavesOf(wanted, kind)
  const owners = new Map([...current.owners].map(([name, paths]) => [name, new Set(paths)]))
  const own = new Set(owners.get(manager) ?? [])
  owners.set(manager, own)
  for (const path of before.keys()) {
    if (!after.has(path)) disown(owners, path)
  }
  for (const [path, value] of after) {
    if (!isEqual(before.get(path), value)) {
      disown(owners, path)
      own.add(path)
    }
  }
  return { fields: wanted, owners }
}

/** Lists whose items have an identity of their own: another manager may add items beside ours. The rest of the lists are one value. */
const keyedLists: ReadonlyMap<string, string> = new Map([
  ['*.metadata.ownerReferences', 'uid'],
  ['*.status.conditions', 'type'],
  ['InspectionTarget.status.addresses', 'address'],
  ['AlertPolicy.status.rules', 'name'],
  ['AlertPolicy.status.receivers', 'name'],
  ['Silence.status.alertmanagers', 'name'],
  ['PrometheusRule.spec.groups', 'name'],
])

const separator = '\u0000'
const itemMark = '\u0001' // Begins the step of a path that names an item of a keyed list.

function keyOfList(kind: string, steps: readonly string[]): string | undefined {
  const dotted = steps.join('.')
  return keyedLists.get(`${kind}.${dotted}`) ?? keyedLists.get(`*.${dotted}`)
}

function leavesOf(fields: Fields, kind: string): Map<string, unknown> {
  const leaves = new Map<string, unknown>()
  const walk = (value: unknown, steps: readonly string[]): void => {
    const key = Array.isArray(value) ? keyOfList(kind, steps) : undefined
    if (Array.isArray(value) && key !== undefined) {
      for (const entry of value as Fields[]) {
        walk(entry, [...steps, `${itemMark}${String(entry[key])}`])
      }
      return
    }
    if (isTree(value) && Object.keys(value).length > 0) {
      for (const [name, child] of Object.entries(value)) walk(child, [...steps, name])
      return
    }
    if (value !== undefined && steps.length > 0) leaves.set(steps.join(separator), value)
  }
  walk(fields, [])
  return leaves
}

function treeOf(leaves: ReadonlyMap<string, unknown>, kind: string): Fields {
  const root = new Map<string, unknown>()
  for (const [path, value] of leaves) {
    const steps = path.split(separator)
    let node = root
    for (const step of steps.slice(0, -1)) {
      const next = node.get(step)
      const child = next instanceof Map ? next : new Map<string, unknown>()
      node.set(step, child)
      node = child
    }
    node.set(steps.at(-1) ?? '', value)
  }
  return plainOf(root, [], kind) as Fields
}

function plainOf(node: unknown, steps: readonly string[], kind: string): unknown {
  if (!(node instanceof Map)) return node
  if (keyOfList(kind, steps) !== undefined) {
    return [...node].map(([name, child]) => plainOf(child, [...steps, name], kind))
  }
  return Object.fromEntries([...node].map(([name, child]) => [name, plainOf(child, [...steps, name], kind)]))
}

function isTree(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isOwnedByOther(owners: Ownership, manager: string, path: string): boolean {
  return [...owners].some(([name, paths]) => name !== manager && paths.has(path))
}

function disown(owners: Map<string, Set<string>>, path: string): void {
  for (const paths of owners.values()) paths.delete(path)
}

// A leaf that becomes a tree, or a tree that becomes a leaf, takes the place of what was there.
function dropOverlapping(leaves: Map<string, unknown>, path: string): void {
  for (const other of leaves.keys()) {
    if (other.startsWith(`${path}${separator}`) || path.startsWith(`${other}${separator}`)) {
      leaves.delete(other)
    }
  }
}

function isEqual(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}
