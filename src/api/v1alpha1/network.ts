// Where something can be reached: hosts, ports, URLs, Services.

import { celText, matching, re2Of } from './constraint.ts'
import { resourceName } from './names.ts'
import { atomic, choice, integerOrText, text } from './schema.ts'

/** A host name or an IP address, without a port. */
export function host(description: string) {
  return text(description, { max: 253 }, [
    {
      rule: `isIP(self) || self.matches('^${hostName}$')`,
      message: 'must be a host name or an IP address, without scheme and port',
      holds: (value) => hostNameOnly.test(value) || isIP(value),
    },
  ])
}

/** A port by number, or by the name it has in its Service. */
function port(description: `Integer or quoted string${string}`) {
  return integerOrText(description, { max: 63 }, [
    {
      rule: `type(self) == int ? self >= 1 && self <= 65535 : self.matches('[a-z]') && self.matches('${portName.source}')`,
      message: 'must be a number from 1 to 65535 without quotes, or the name of a port such as http',
      holds: (value) =>
        typeof value === 'number' ? isPort(value) : /[a-z]/.test(value) && portName.test(value),
    },
  ])
}

export function httpURL(description: string) {
  return text(description, { max: 2048 }, [
    {
      rule: "isURL(self) && url(self).getScheme() in ['http', 'https'] && url(self).getHostname() != ''",
      message: 'must be an http or https URL with a host, for example https://checkout.shop.svc/health',
      holds: looksLikeURL,
    },
    {
      rule: `!self.matches('^[^/?#]*//[^/?#]*@')`,
      message: 'must hold no user and password; everybody who may read this object would see them',
      holds: (value) => !/^[^/?#]*\/\/[^/?#]*@/.test(value),
    },
    matching(
      new RegExp(
        `^[a-zA-Z]+://([^/?#]*@)?(${hostName}|\\[[0-9a-fA-F:.]+\\])(:${portDigits})?([/?#][!-~]*)?$`,
      ),
      'must have a host of letters, digits, - and . (others in their xn-- form), a port up to 65535, and no space',
    ),
    {
      rule: `!self.matches(${celText(re2Of(numberedHost))}) || self.matches(${celText(re2Of(ipv4Host))})`,
      message: 'must have a name as its host, or an IPv4 address of four decimal numbers such as 192.0.2.1',
      holds: (value) => !numberedHost.test(value) || ipv4Host.test(value),
    },
  ])
}

export function scheme(description: string) {
  return choice(description, ['http', 'https'])
}

/** The path of a URL, with its query. */
export function urlPath(description: string) {
  return text(description, { max: 2048 }, [
    matching(
      /^\/[!-"$-~]*$/,
      'must begin with / and hold neither a space nor #, for example /health; other characters are percent-encoded',
    ),
  ])
}

/** A Service of the same namespace and one of its ports. */
export function serviceReference(description: string) {
  return atomic(description, {
    name: resourceName('Name of the Service, for example checkout.'),
    port: port(
      'Integer or quoted string. Number of the port, for example 8080, or its name in the Service, for example http.',
    ),
  })
}

// DNS labels with a dot between them and perhaps one at the end. Written so that no engine has to backtrack.
const label = '[a-zA-Z0-9_]([-a-zA-Z0-9_]{0,61}[a-zA-Z0-9_])?'
const hostName = `${label}([.]${label})*[.]?`
const hostNameOnly = new RegExp(`^${hostName}$`)
const portName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const portDigits = '(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})'

/** A host whose last part is a number: every URL parser takes it for an IPv4 address, in one of many forms. */
const numberedHost = /^[^/?#]*\/\/([^/?#]*[.])?(0[xX][0-9a-fA-F]*|[0-9]+)[.]?(:[0-9]*)?([/?#]|$)/
const octet = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
const ipv4Host = new RegExp(`^[^/?#]*//(${octet}[.]){3}${octet}(:[0-9]*)?([/?#]|$)`)

function isPort(value: number): boolean {
  return value >= 1 && value <= 65535
}

/** What the API server's URL library asks for; the pattern of the third rule asks for more. */
function looksLikeURL(value: string): boolean {
  const [, scheme, rest = ''] = /^([a-zA-Z][-+.a-zA-Z0-9]*):(.*)$/s.exec(value) ?? []
  if (scheme === undefined || !['http', 'https'].includes(scheme.toLowerCase())) return false
  const [, authority = '', path = ''] = /^\/\/([^/?]*)([^?]*)/s.exec(rest) ?? []
  const named = authority.replace(/^.*@/s, '').replace(/:[0-9]*$/, '')
  if (named.startsWith('[') && !URL.canParse(`http://${named}`)) return false
  return named !== '' && !/%(?![0-9a-fA-F]{2})/.test(path)
}

/** As the API server's isIP: no zone, no IPv4 address dressed as IPv6. IPv4 addresses are host names too and need no test of their own. */
function isIP(value: string): boolean {
  if (!/^[0-9a-fA-F:.]+$/.test(value) || !value.includes(':')) return false
  const url = `http://[${value}]/`
  return URL.canParse(url) && !/^\[::ffff:[0-9a-f]+:[0-9a-f]+\]$/.test(new URL(url).hostname)
}
