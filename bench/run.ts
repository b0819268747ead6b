// `npm run bench -- NAME [flags]`: runs one benchmark and prints its figures beside their targets. Exits 1 when a figure misses.
import { benchmarks } from './benchmarks.ts'

const [name = '', ...flags] = process.argv.slice(2)
const benchmark = benchmarks.get(name)

if (benchmark === undefined) {
  const list = [...benchmarks].map(([known, { tells }]) => `  ${known.padEnd(12)}${tells}`).join('\n')
  process.stderr.write(
    `${name === '' ? '' : `✗ no benchmark is called ${name}\n`}usage: npm run bench -- NAME [flags]\n${list}\n`,
  )
  process.exitCode = 2
} else {
  const isGood = await benchmark.run(flags)
  process.exitCode = isGood ? 0 : 1
}
