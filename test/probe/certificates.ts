// Certificates good and bad for the loopback servers of the probe tests. ECDSA P-256, made anew in each run.
import 'reflect-metadata' // Before the X.509 library, which needs it to load.
import { webcrypto } from 'node:crypto'
import {
  BasicConstraintsExtension,
  cryptoProvider,
  type JsonGeneralName,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

cryptoProvider.set(webcrypto)

/** PEM texts. `certificate` holds the whole chain that a server sends, leaf first. */
export type ServerIdentity = {
  readonly certificate: string
  readonly key: string
  readonly notAfter: Date
}

export type Subject = {
  readonly dns?: readonly string[]
  readonly ips?: readonly string[]
  readonly notBefore?: Date
  readonly notAfter?: Date
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const day = 24 * 3600 * 1000

export class Authority {
  readonly certificate: string
  readonly notAfter: Date
  readonly #self: X509Certificate
  readonly #key: webcrypto.CryptoKey
  readonly #above: string // The intermediate certificates from this one up, without the root.

  private constructor(self: X509Certificate, key: webcrypto.CryptoKey, above: string) {
    this.certificate = self.toString('pem')
    this.notAfter = self.notAfter
    this.#self = self
    this.#key = key
    this.#above = above
  }

  static async create(name = 'Test Root'): Promise<Authority> {
    const keys = await generateKeys()
    const self = await X509CertificateGenerator.createSelfSigned({
      name: `CN=${name}`,
      notBefore: new Date(Date.now() - day),
      notAfter: new Date(Date.now() + 3650 * day),
      signingAlgorithm: algorithm,
      keys,
      extensions: [new BasicConstraintsExtension(true, undefined, true)],
    })
    return new Authority(self, keys.privateKey, '')
  }

  /** An authority below this one; what it issues is sent with its own certificate. */
  async intermediate(name: string, validDays: number): Promise<Authority> {
    const keys = await generateKeys()
    const certificate = await X509CertificateGenerator.create({
      subject: `CN=${name}`,
      issuer: this.#self.subject,
      notBefore: new Date(Date.now() - day),
      notAfter: new Date(Date.now() + validDays * day),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey: this.#key,
      extensions: [new BasicConstraintsExtension(true, undefined, true)],
    })
    return new Authority(certificate, keys.privateKey, `${certificate.toString('pem')}\n${this.#above}`)
  }

  async issue(subject: Subject): Promise<ServerIdentity> {
    const keys = await generateKeys()
    const certificate = await X509CertificateGenerator.create({
      ...validity(subject),
      subject: 'CN=server',
      issuer: this.#self.subject,
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey: this.#key,
      extensions: names(subject),
    })
    return {
      certificate: `${certificate.toString('pem')}\n${this.#above}`,
      key: await pemOf(keys.privateKey),
      notAfter: certificate.notAfter,
    }
  }
}

export async function selfSigned(subject: Subject): Promise<ServerIdentity> {
  const keys = await generateKeys()
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...validity(subject),
    name: 'CN=self',
    signingAlgorithm: algorithm,
    keys,
    extensions: names(subject),
  })
  return {
    certificate: certificate.toString('pem'),
    key: await pemOf(keys.privateKey),
    notAfter: certificate.notAfter,
  }
}

function names({ dns = [], ips = [] }: Subject) {
  const all: JsonGeneralName[] = [
    ...dns.map((value) => ({ type: 'dns' as const, value })),
    ...ips.map((value) => ({ type: 'ip' as const, value })),
  ]
  return all.length === 0 ? [] : [new SubjectAlternativeNameExtension(all)]
}

function validity({ notBefore, notAfter }: Subject) {
  return {
    notBefore: notBefore ?? new Date(Date.now() - day),
    notAfter: notAfter ?? new Date(Date.now() + 30 * day),
  }
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  return PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')
}
