// What the test API server writes into its audit log, the suite's witness of who wrote what and how often.
// Bodies are kept for the kinds that Roundsman owns or generates; of a Secret only that it was touched, never what is in it.

/** The user of the suite itself, whose reads are not worth a line. */
export const adminUser = 'roundsman-e2e-admin'

const reads = ['get', 'list', 'watch']

export const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [
    { level: 'None', users: [adminUser], verbs: reads },
    { level: 'None', userGroups: ['system:serviceaccounts:kube-system'], verbs: reads },
    { level: 'None', users: ['system:apiserver', 'system:kube-controller-manager'] },
    { level: 'None', nonResourceURLs: ['/healthz*', '/readyz*', '/livez*', '/version', '/openapi*'] },
    // The body of a DELETE holds its preconditions and nothing of the object, so it is safe to keep for Secrets too.
    { level: 'Request', verbs: ['delete', 'deletecollection'] },
    { level: 'Metadata', resources: [{ group: '', resources: ['secrets', 'serviceaccounts/token'] }] },
    { level: 'Request', resources: [{ group: 'roundsman.dev' }, { group: 'monitoring.coreos.com' }] },
    { level: 'Metadata' },
  ],
}
