// The figures that a run proves, on one line each, so that they can be read off its output.

/** Prints a figure: `figure('silence restored after kill -9', '4.1s', 'at most 60s')`. */
export function figure(what: string, found: string | number, wanted?: string): void {
  // Past vitest's interception of the console, which would put a head over every line.
  process.stderr.write(`  ● ${what}: ${found}${wanted === undefined ? '' : ` (${wanted})`}\n`)
}

export type Timed<T> = { readonly value: T; readonly seconds: number }

/** Prints how long `action` took; names it in the error when it fails. */
export async function timed<T>(
  what: string,
  action: () => T | Promise<T>,
  wanted?: string,
): Promise<Timed<T>> {
  const started = performance.now()
  try {
    const value = await action()
    const seconds = (performance.now() - started) / 1000
    figure(what, `${seconds.toFixed(1)}s`, wanted)
    return { value, seconds }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`at "${what}", after ${((performance.now() - started) / 1000).toFixed(1)}s: ${reason}`, {
      cause: error,
    })
  }
}
