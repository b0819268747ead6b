import { describe, expect, test } from 'vitest'
import { createJsonLog, createPlainLog, type LogLevel } from '../../src/telemetry/log.ts'

const now = () => Date.UTC(2026, 10, 22, 15, 4, 5)

function collect(create: typeof createJsonLog, level: LogLevel = 'info') {
  const lines: string[] = []
  return { log: create({ level, now, write: (line) => lines.push(line) }), lines }
}

describe('the JSON log', () => {
  test('writes one object a line with level, time and message before the fields', () => {
    const { log, lines } = collect(createJsonLog)
    log.warn('file was not read', { file: 'a.yaml', line: 3 })
    expect(lines).toEqual([
      '{"level":"warn","time":"2026-11-22T15:04:05.000Z","file":"a.yaml","line":3,"message":"file was not read"}\n',
    ])
  })

  test('leaves out what is below its level', () => {
    const { log, lines } = collect(createJsonLog, 'warn')
    log.debug('a')
    log.info('b')
    log.error('c')
    expect(lines).toHaveLength(1)
  })

  test('lets no field replace level, time or message', () => {
    const { log, lines } = collect(createJsonLog)
    log.info('true words', { message: 'forged', level: 'fatal', time: 0 })
    expect(JSON.parse(lines[0]!)).toEqual({
      level: 'info',
      time: '2026-11-22T15:04:05.000Z',
      message: 'true words',
      message_: 'forged',
      level_: 'fatal',
      time_: 0,
    })
  })

  test('stays one line whatever a target sends', () => {
    const { log, lines } = collect(createJsonLog)
    log.info('got\nmany', { body: 'x\r\n{"level":"error"}\u2028' })
    expect(lines[0]!.trimEnd().split(/\r|\n/)).toHaveLength(1)
  })
})

describe('the plain log', () => {
  test('writes time, mark and word, message and fields', () => {
    const { log, lines } = collect(createPlainLog, 'debug')
    log.info('listening', { address: '127.0.0.1:9797' })
    log.error('gave up', { why: 'no answer', code: undefined, count: 2 })
    log.debug('fine')
    expect(lines).toEqual([
      '15:04:05 ► info  listening address=127.0.0.1:9797\n',
      '15:04:05 ✗ error gave up why="no answer" count=2\n',
      '15:04:05   debug fine\n',
    ])
  })

  test('leaves out what is below its level', () => {
    const { log, lines } = collect(createPlainLog, 'error')
    log.warn('a')
    expect(lines).toEqual([])
  })
})
