// The certificates of a test cluster: an authority, what it signs, and the key pair that signs ServiceAccount tokens. ECDSA P-256.
import 'reflect-metadata' // Before the X.509 library, which needs it to load.
import { generateKeyPairSync, type webcrypto } from 'node:crypto'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

/** PEM texts. */
export type KeyPair = { readonly certificate: string; readonly key: string }

export type Subject = {
  readonly commonName: string // For a client certificate: the user name.
  readonly organization?: string // For a client certificate: the user's group.
  readonly dns?: readonly string[]
  readonly ips?: readonly string[]
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const validDays = 30

export class CertificateAuthority {
  readonly certificate: string
  readonly #self: X509Certificate
  readonly #key: webcrypto.CryptoKey

  private constructor(self: X509Certificate, key: webcrypto.CryptoKey) {
    this.certificate = self.toString('pem')
    this.#self = self
    this.#key = key
  }

  static async create(commonName: string): Promise<CertificateAuthority> {
    const keys = await generateKeys()
    const self = await X509CertificateGenerator.createSelfSigned({
      name: [{ CN: [commonName] }],
      ...validity(),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new BasicConstraintsExtension(true, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ],
    })
    return new CertificateAuthority(self, keys.privateKey)
  }

  /** A certificate for both ends of TLS. */
  async issue(subject: Subject): Promise<KeyPair> {
    const keys = await generateKeys()
    const names: JsonGeneralName[] = [
      ...(subject.dns ?? []).map((value) => ({ type: 'dns' as const, value })),
      ...(subject.ips ?? []).map((value) => ({ type: 'ip' as const, value })),
    ]
    const certificate = await X509CertificateGenerator.create({
      subject: [
        { CN: [subject.commonName] },
        ...(subject.organization ? [{ O: [subject.organization] }] : []),
      ],
      issuer: this.#self.subject,
      ...validity(),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey: this.#key,
      extensions: [
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
        ...(names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : []),
      ],
    })
    return { certificate: certificate.toString('pem'), key: await pemOf(keys.privateKey) }
  }
}

/** The pair with which the API server signs ServiceAccount tokens and checks them. */
export function tokenKeys(): { readonly privateKey: string; readonly publicKey: string } {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  return PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), PemConverter.PrivateKeyTag)
}

// From an hour ago, so that a clock moved by a test does not make them invalid at once.
function validity(): { notBefore: Date; notAfter: Date } {
  const now = Date.now()
  return { notBefore: new Date(now - 3_600_000), notAfter: new Date(now + validDays * 86_400_000) }
}
