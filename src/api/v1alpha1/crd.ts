// From the schemas to the CustomResourceDefinition of each kind, as data.
import { group, type Resource, type ResourceKind, resources, version } from './resources.ts'
import { type Structure, structureOf } from './structure.ts'

export type CustomResourceDefinition = {
  readonly apiVersion: 'apiextensions.k8s.io/v1'
  readonly kind: 'CustomResourceDefinition'
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly group: string
    readonly scope: 'Namespaced'
    readonly names: Readonly<Record<string, string | readonly string[]>>
    readonly versions: readonly CrdVersion[]
  }
}

type CrdVersion = {
  readonly name: string
  readonly served: true
  readonly storage: true
  readonly schema: { readonly openAPIV3Schema: Structure }
  readonly subresources: { readonly status: Record<string, never> }
  readonly additionalPrinterColumns: Resource['columns']
  readonly selectableFields?: readonly { readonly jsonPath: string }[]
}

/** Equal schemas give an equal object. Conversion is left out, which means `None` (kube:Z5). */
export function crdOf(kind: ResourceKind): CustomResourceDefinition {
  const resource: Resource = resources[kind]
  const { plural, singular, shortName } = resource
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular,
        shortNames: [shortName],
        categories: ['roundsman'],
      },
      versions: [versionOf(resource)],
    },
  }
}

/** The whole object: what stands in the CRD and what the reference describes. */
export function rootStructure({ description, spec, status }: Resource): Structure {
  return {
    description,
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { description: `Always ${group}/${version}.`, type: 'string' },
      kind: { description: 'Kind of the object.', type: 'string' },
      metadata: {
        type: 'object',
        // The name stands in label values, rule groups and URLs.
        properties: { name: { type: 'string', maxLength: 63, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' } },
      },
      spec: structureOf(spec),
      status: structureOf(status),
    },
  }
}

function versionOf(resource: Resource): CrdVersion {
  const { selectableFields, columns } = resource
  return {
    name: version,
    served: true,
    storage: true,
    schema: { openAPIV3Schema: rootStructure(resource) },
    subresources: { status: {} },
    additionalPrinterColumns: columns,
    ...(selectableFields.length > 0 && {
      selectableFields: selectableFields.map((jsonPath) => ({ jsonPath })),
    }),
  }
}
