// Shows how everything stands while the program runs: a table that is drawn again each second on a terminal, a line for each change elsewhere.
import type { Clock } from '../domain/clock.ts'
import type { Standing } from './standing.ts'
import { tableLines } from './table.ts'
import { transitionLines } from './transitions.ts'

export type Screen = {
  readonly isTerminal: boolean
  readonly isColour: boolean
  write(text: string): void
  size(): { readonly columns: number; readonly rows: number }
}

const lookEveryMs = 1_000
const eraseBelow = '\u001b[J'

export class LiveTable {
  readonly #screen: Screen
  readonly #clock: Clock
  #look: () => Standing = () => ({ targets: [], alerts: [], receivers: [], problems: [] })
  #footer: readonly string[] = []
  #drawnLines = 0
  #before: Standing | undefined
  #cancel: (() => void) | undefined

  constructor(screen: Screen, clock: Clock) {
    this.#screen = screen
    this.#clock = clock
  }

  /** Looks now and every second from now on. `footer` says where to look further. */
  start(look: () => Standing, footer: readonly string[]): void {
    this.#look = look
    this.#footer = footer
    if (!this.#screen.isTerminal) for (const line of footer) this.#screen.write(`${line}\n`)
    this.#tick()
  }

  /** Shows the last state; what is printed later stays below it. */
  stop(): void {
    if (this.#cancel === undefined) return
    this.#cancel()
    this.#cancel = undefined
    this.#show()
    this.#drawnLines = 0
  }

  /** Lines of others (the log) that must not be torn by the table: they come to stand above it. */
  print(text: string): void {
    this.#screen.write(this.#erasure() + text)
    this.#drawnLines = 0
    if (this.#cancel !== undefined) this.#draw()
  }

  #tick(): void {
    this.#cancel = this.#clock.after(lookEveryMs, () => this.#tick())
    this.#show()
  }

  #show(): void {
    const standing = this.#look()
    if (!this.#screen.isTerminal) {
      for (const line of transitionLines(this.#before, standing, this.#clock.now()))
        this.#screen.write(`${line}\n`)
    }
    this.#before = standing
    this.#draw()
  }

  #draw(): void {
    if (!this.#screen.isTerminal || this.#before === undefined) return
    const { columns, rows } = this.#screen.size()
    const lines = tableLines(this.#before, {
      now: this.#clock.now(),
      width: columns,
      height: Math.max(3, rows - 1), // The cursor stands in the line below.
      isColour: this.#screen.isColour,
      footer: this.#footer,
    })
    this.#screen.write(`${this.#erasure()}${lines.join('\n')}\n`)
    this.#drawnLines = lines.length
  }

  #erasure(): string {
    return this.#drawnLines === 0 ? '' : `\u001b[${this.#drawnLines}A\r${eraseBelow}`
  }
}
