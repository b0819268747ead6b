import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../../src/domain/kube-object.ts'
import { dialService } from '../../src/reconcile/service-dial.ts'

function reader(service: unknown, slices: readonly KubeObject[] = []) {
  const object: KubeObject | undefined =
    service === undefined
      ? undefined
      : { apiVersion: 'v1', kind: 'Service', metadata: { name: 'cart', namespace: 'shop' }, spec: service }
  return {
    get: () => object,
    list: () => slices,
    ownedBy: () => [],
    availability: () => ({ state: 'synced' }) as const,
  }
}

function slice(
  addresses: readonly { ip: string; ready?: boolean }[],
  port: { name?: string; port: number },
): KubeObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'cart-x', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'cart' } },
    ports: [port],
    endpoints: addresses.map(({ ip, ready }) => ({
      addresses: [ip],
      conditions: ready === undefined ? {} : { ready },
    })),
  }
}

const headless = { clusterIP: 'None', ports: [{ name: 'http', port: 80, targetPort: 8080 }] }

describe('a reference to a Service', () => {
  test('dials the cluster address under the name of the Service', () => {
    const answer = dialService(
      'shop',
      { name: 'cart', port: 'http' },
      reader({ clusterIP: '10.0.0.7', ports: [{ name: 'http', port: 80 }] }),
    )
    expect(answer).toEqual({
      ok: true,
      dial: { by: 'address', ip: '10.0.0.7', port: 80 },
      host: 'cart.shop.svc',
      portNumber: 80,
    })
  })

  test('dials of a headless Service the lowest ready address, on the port of the pod', () => {
    const slices = [
      slice([{ ip: '10.1.0.9' }, { ip: '10.1.0.3', ready: false }, { ip: '10.1.0.5', ready: true }], {
        name: 'http',
        port: 8080,
      }),
    ]
    expect(dialService('shop', { name: 'cart', port: 'http' }, reader(headless, slices))).toMatchObject({
      dial: { ip: '10.1.0.5', port: 8080 },
    })
  })

  test.each([
    ['no such Service', undefined, 'http', 'Service cart does not exist in namespace shop'],
    [
      'no such port',
      { clusterIP: '10.0.0.7', ports: [{ name: 'web', port: 80 }] },
      'http',
      'has no port http; it has web (80)',
    ],
    ['a headless Service without a ready address', headless, 80, 'has no ready address'],
    ['a Service that is only a name elsewhere', { type: 'ExternalName' }, 80, 'ExternalName'],
  ])('says what is missing: %s', (_what, service, port, sentence) => {
    const answer = dialService('shop', { name: 'cart', port }, reader(service))
    expect(answer.ok ? '' : answer.message).toContain(sentence)
  })
})
