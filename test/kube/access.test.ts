import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ApiAccess, locateApi, openAccess } from '../../src/kube/access.ts'
import { FakeClock } from '../fakes/clock.ts'

let folder: string
let clock: FakeClock

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'access-'))
  clock = new FakeClock()
})

afterEach(() => rm(folder, { recursive: true }))

async function write(name: string, content: string | object): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}

/** A kubeconfig with one cluster, context and user of this name. */
function kubeconfig(
  name: string,
  { user = {}, cluster = {} }: { user?: object; cluster?: object } = {},
): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    contexts: [{ name, context: { cluster: name, user: name, namespace: `ns-${name}` } }],
    clusters: [{ name, cluster: { server: `https://${name}:6443/`, ...cluster } }],
    users: [{ name, user }],
  }
}

function open(...files: readonly string[]): Promise<ApiAccess> {
  return openAccess(
    { kind: 'kubeconfig', files, environment: { PATH: process.env.PATH, SECRET: 's3' } },
    clock,
  )
}

test('prefers $KUBECONFIG, and finds ~/.kube/config when there is nothing else', async () => {
  await mkdir(join(folder, '.kube'))
  const file = await write('.kube/config', kubeconfig('a'))
  const environment = { HOME: folder }
  expect(locateApi(environment)).toEqual({ kind: 'kubeconfig', files: [file], environment })
  const set = { ...environment, KUBECONFIG: '/x::/y' }
  expect(locateApi(set)).toEqual({ kind: 'kubeconfig', files: ['/x', '/y'], environment: set })
  expect(locateApi({ HOME: join(folder, 'nobody') })).toBeUndefined()
})

test('reads the ServiceAccount of a pod, and its token anew after a minute or a refusal', async () => {
  await write('ca.crt', 'an authority')
  await write('namespace', 'roundsman\n')
  await write('token', 'one\n')
  const access = await openAccess({ kind: 'inCluster', host: 'fd00::1', port: '443', folder }, clock)
  expect(access).toMatchObject({ server: 'https://[fd00::1]:443', namespace: 'roundsman' })
  expect(await access.readTls()).toEqual({ ca: 'an authority' })
  expect(await access.credentials.headers()).toEqual({ authorization: 'Bearer one' })
  await write('token', 'two')
  expect(await access.credentials.headers()).toEqual({ authorization: 'Bearer one' })
  clock.advance(60_000)
  expect(await access.credentials.headers()).toEqual({ authorization: 'Bearer two' })
  await write('token', 'three')
  access.credentials.forget()
  expect(await access.credentials.headers()).toEqual({ authorization: 'Bearer three' })
})

test('reads a kubeconfig: server, namespace, certificates from data and from files beside it', async () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  await write('client.key', 'a key')
  const user = { 'client-certificate-data': base64('a certificate'), 'client-key': 'client.key' }
  const cluster = { 'certificate-authority-data': base64('an authority'), 'tls-server-name': 'kubernetes' }
  const access = await open(await write('config', kubeconfig('a', { user, cluster })))
  expect(access).toMatchObject({
    server: 'https://a:6443',
    namespace: 'ns-a',
    tlsFiles: [join(folder, 'client.key')],
  })
  expect(await access.readTls()).toEqual({
    ca: 'an authority',
    cert: 'a certificate',
    key: 'a key',
    servername: 'kubernetes',
  })
  expect(await access.credentials.headers()).toEqual({})
})

test('reads a token, a pair of name and password, and a token file beside the kubeconfig', async () => {
  const headersOf = async (user: object) =>
    (await open(await write('config', kubeconfig('a', { user })))).credentials.headers()
  expect(await headersOf({ token: 't' })).toEqual({ authorization: 'Bearer t' })
  expect(await headersOf({ username: 'u', password: 'p' })).toEqual({ authorization: 'Basic dTpw' })
  await write('token', 'from a file\n')
  expect(await headersOf({ tokenFile: 'token' })).toEqual({ authorization: 'Bearer from a file' })
})

test('merges several files: the first that names a thing wins', async () => {
  const first = await write('first', kubeconfig('a', { user: { token: 'first' } }))
  const second = await write('second', {
    ...kubeconfig('a', { user: { token: 'second' } }),
    'current-context': 'b',
  })
  const access = await open(first, second)
  expect(await access.credentials.headers()).toEqual({ authorization: 'Bearer first' })
})

test('says what a kubeconfig lacks', async () => {
  const file = await write('config', { ...kubeconfig('a'), 'current-context': 'nobody' })
  await expect(open(file)).rejects.toThrow('has no current context with a cluster and a user')
  const socks = await write('socks', kubeconfig('a', { cluster: { 'proxy-url': 'socks5://proxy' } }))
  await expect(open(socks)).rejects.toThrow('proxy-url socks5:// of cluster a is not supported')
})

test('asks a credential plugin once for callers at one moment, a minute before its token expires, and after a refusal', async () => {
  const calls = join(folder, 'calls')
  const expires = new Date(clock.now() + 600_000).toISOString()
  const status = `{\\"token\\":\\"t$(wc -l < ${calls})-$MODE\\",\\"expirationTimestamp\\":\\"${expires}\\"}`
  const plugin = await write(
    'plugin',
    `#!/bin/sh\necho "$KUBERNETES_EXEC_INFO" >> ${calls}\necho "{\\"status\\":${status}}"\n`,
  )
  await chmod(plugin, 0o755)
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: plugin,
    env: [{ name: 'MODE', value: 'm' }],
  }
  const { credentials } = await open(await write('config', kubeconfig('a', { user: { exec } })))
  const together = await Promise.all([credentials.headers(), credentials.headers()])
  expect(together).toEqual(Array(2).fill({ authorization: 'Bearer t1-m' }))
  clock.advance(539_000)
  expect(await credentials.headers()).toEqual({ authorization: 'Bearer t1-m' })
  clock.advance(1_000)
  expect(await credentials.headers()).toEqual({ authorization: 'Bearer t2-m' })
  credentials.forget()
  expect(await credentials.headers()).toEqual({ authorization: 'Bearer t3-m' })
})

test('tells that a credential plugin failed, without what it printed or was called with', async () => {
  const exec = (command: string, args: readonly string[]) => ({ user: { exec: { command, args } } })
  const headersOf = async (config: object) =>
    (await open(await write('config', config))).credentials.headers()
  await expect(headersOf(kubeconfig('a', exec('sh', ['-c', 'echo hunter2; exit 3'])))).rejects.toThrow(
    'the credential plugin sh failed (3)',
  )
  await expect(headersOf(kubeconfig('a', exec('echo', ['hunter2'])))).rejects.toThrow(
    'the credential plugin echo printed no JSON',
  )
  await expect(headersOf(kubeconfig('a', exec('echo', ['{}'])))).rejects.toThrow('gave no token')
})
