import { describe, expect, test } from 'vitest'
import { loggable, loggableText, withoutUrlCredentials } from '../../src/telemetry/redaction.ts'

describe('withoutUrlCredentials', () => {
  test.each([
    ['https://user:pw@host/path', 'https://host/path'],
    ['https://a@b@host:8443/x?access_token=1#f', 'https://host:8443/x?[redacted]'],
    ['see "http://host/hook?key=K" and ftp://u@h', 'see "http://host/hook?[redacted]" and ftp://h'],
    ['http://host?sign=abc', 'http://host?[redacted]'],
    ['no URL, a:b and //x?y', 'no URL, a:b and //x?y'],
  ])('turns %s into %s', (text, expected) => {
    expect(withoutUrlCredentials(text)).toBe(expected)
  })
})

describe('loggable', () => {
  test('hides what stands under the name of a credential, however it is spelled', () => {
    const fields = {
      Authorization: 'Bearer x',
      nested: { 'Set-Cookie': ['a'], api: { X_API_KEY: 'k' } },
      token: 1,
    }
    expect(JSON.stringify(loggable(fields))).toBe(
      '{"Authorization":"[redacted]","nested":{"Set-Cookie":"[redacted]","api":{"X_API_KEY":"[redacted]"}},"token":"[redacted]"}',
    )
  })

  test('keeps the name of a Secret, which is not a credential', () => {
    expect(loggable({ secret: 'keys' })).toEqual({ secret: 'keys' })
  })

  test('asks a value how it wants to be serialised', () => {
    const secret = { value: 'hunter2', toJSON: () => '[redacted]' }
    expect(JSON.stringify(loggable({ password1: secret }))).not.toContain('hunter2')
  })

  test('strips control characters, so that a field cannot forge a line', () => {
    expect(loggableText('a\n{"level":"error"}\u001b[2J\u0000b')).toBe('a {"level":"error"} [2J b')
  })

  test('cuts long texts, long lists and deep objects', () => {
    expect(loggableText('x'.repeat(5_000))).toHaveLength(2_049)
    expect(loggable(Array.from({ length: 103 }, () => 1))).toHaveLength(101)
    const endless: Record<string, unknown> = {}
    endless.self = endless
    expect(JSON.stringify(loggable(endless))).toContain('[too deep]')
  })

  test('keeps name, code, message, stack and cause of an error, without URL credentials', () => {
    const cause = Object.assign(new Error('no answer from https://host/hook?token=T'), {
      code: 'ECONNREFUSED',
    })
    const text = JSON.stringify(loggable({ error: new Error('outer', { cause }) }))
    expect(text).toContain('ECONNREFUSED')
    expect(text).toContain('"message":"outer"')
    expect(text).not.toContain('token=T')
  })

  test('takes legal but dangerous names as data', () => {
    const value = loggable(JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}'))
    expect(JSON.stringify(value)).toBe('{"__proto__":{"polluted":true},"constructor":1}')
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  })

  test('never throws', () => {
    const hostile = {
      get field(): string {
        throw new Error('no')
      },
    }
    expect(loggable(hostile)).toBe('[unreadable]')
  })
})
