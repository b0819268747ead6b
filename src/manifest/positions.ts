// Where in a file each value of a YAML document stands.
import { EVENT_ID, type Event, getScalarValue } from 'js-yaml'

export type Path = readonly (string | number)[]

/** One value and what it holds; offsets count UTF-16 units from the start of the file. */
export type Position = {
  readonly offset: number
  /** By name; the offset is that of the name. */
  readonly members?: ReadonlyMap<string, { readonly offset: number; readonly value: Position }>
  readonly items?: readonly Position[]
  /** How many values it has when every alias is written out. */
  readonly size: number
}

/** Position of the value of one document. Its events are what js-yaml's parseEvents gives, without the document's own. */
export function positionOf(events: readonly Event[], source: string): Position {
  return new Reader(events, source).read(0)
}

/** Offset of the value at this path, or of the nearest thing around it that stands in the file. */
export function offsetAt(root: Position, path: Path): number {
  let offset = root.offset
  let position = root
  for (const segment of path) {
    const member = position.members?.get(String(segment))
    const item = typeof segment === 'number' ? position.items?.[segment] : undefined
    const next = member?.value ?? item
    if (next === undefined) return offset
    offset = member?.offset ?? next.offset
    position = next
  }
  return offset
}

/** Lines count from 1. */
export function lineCounter(source: string): (offset: number) => number {
  const starts = [0]
  for (let at = source.indexOf('\n'); at !== -1; at = source.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    let low = 0
    let high = starts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle
    }
    return low + 1
  }
}

/** Goes through the events once. */
class Reader {
  readonly #events: readonly Event[]
  readonly #source: string
  readonly #anchors = new Map<string, Position | 'unfinished'>()
  #next = 0

  constructor(events: readonly Event[], source: string) {
    this.#events = events
    this.#source = source
  }

  /** `around` is where an empty value is said to stand: it has no place of its own. */
  read(around: number): Position {
    const event = this.#events[this.#next++]
    switch (event?.type) {
      case EVENT_ID.MAPPING:
        return this.#anchored(event, () => this.#mapping(event.start))
      case EVENT_ID.SEQUENCE:
        return this.#anchored(event, () => this.#sequence(event.start))
      case EVENT_ID.SCALAR:
        return this.#anchored(event, () => ({
          offset: event.valueStart < 0 ? around : event.valueStart,
          size: 1,
        }))
      case EVENT_ID.ALIAS:
        return this.#alias(event.anchorStart, this.#source.slice(event.anchorStart, event.anchorEnd))
      default:
        throw new Error('bug of Roundsman: the events of a YAML document do not nest')
    }
  }

  #mapping(offset: number): Position {
    const members = new Map<string, { offset: number; value: Position }>()
    let size = 1
    while (!this.#isAtEnd()) {
      const key = this.#events[this.#next]
      const { offset: keyOffset } = this.read(offset)
      const name = key?.type === EVENT_ID.SCALAR ? getScalarValue(this.#source, key) : ''
      const value = this.read(keyOffset)
      members.set(name, { offset: keyOffset, value })
      size += value.size
    }
    return { offset, members, size }
  }

  #sequence(offset: number): Position {
    const items: Position[] = []
    while (!this.#isAtEnd()) items.push(this.read(offset))
    return { offset, items, size: items.reduce((sum, item) => sum + item.size, 1) }
  }

  #isAtEnd(): boolean {
    if (this.#events[this.#next]?.type !== EVENT_ID.POP) return false
    this.#next++
    return true
  }

  /** Inside the value it names, an alias would have no end. A name that nobody gave is found by js-yaml. */
  #alias(offset: number, name: string): Position {
    const anchor = this.#anchors.get(name)
    if (anchor === 'unfinished') return { offset, size: Number.POSITIVE_INFINITY }
    return { ...anchor, offset, size: anchor?.size ?? 1 }
  }

  #anchored(
    event: { readonly anchorStart: number; readonly anchorEnd: number },
    read: () => Position,
  ): Position {
    if (event.anchorStart < 0) return read()
    const name = this.#source.slice(event.anchorStart, event.anchorEnd)
    this.#anchors.set(name, 'unfinished')
    const position = read()
    this.#anchors.set(name, position)
    return position
  }
}
