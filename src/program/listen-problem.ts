// What to do about an address to listen on that cannot be had.

/** One sentence that ends with `remedy`; undefined for any other error. */
export function listenProblem(error: unknown, remedy: (port: number) => string): string | undefined {
  if (!(error instanceof Error && 'syscall' in error && error.syscall === 'listen')) return undefined
  const { address = '', port = 0, code } = error as Error & { address?: string; port?: number; code?: string }
  const why = code === 'EADDRINUSE' ? 'another program listens there' : `the system says ${code}`
  return `cannot listen on ${address}:${port}: ${why}; ${remedy(port)}`
}
