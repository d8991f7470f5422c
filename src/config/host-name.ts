/** Host names as operators write them: names (RFC 1123), IP addresses, and patterns with one leading `*.`. */

/** What a host should have been (`example.com`, `192.0.2.1`, `[2001:db8::1]`), or undefined when it is fine. */
export function checkHost(host: string): string | undefined {
  const bracketed = /^\[(.*)\]$/.exec(host)?.[1];
  if (bracketed !== undefined) return isIpv6(bracketed) ? undefined : "an IPv6 address in the brackets";
  if (isIpv6(host)) return "an IPv6 address in brackets";
  if (/:\d*$/.test(host)) return "a host without a port";
  if (/[^\x00-\x7f]/.test(host)) return "a host name in ASCII (xn--…)";
  if (host.length > 253 || !host.split(".").every((label) => labelPattern.test(label))) return "a host name";
  // Resolvers read a name that ends in digits as an address (WHATWG URL, "ends in a number").
  if (/(^|\.)\d+$/.test(host) && !isIpv4(host)) return "a host name or an IPv4 address";
  return undefined;
}

/** The same for a pattern of hosts: `*` (any), `*.example.com` (names below), or one host. */
export function checkHostPattern(pattern: string): string | undefined {
  if (pattern === "*") return undefined;
  const name = pattern.startsWith("*.") ? pattern.slice(2) : pattern;
  if (name.includes("*")) return 'a host, "*.example.com" or "*"';
  if (name !== pattern && (isIpv4(name) || name.startsWith("["))) return "a name after *., not an address";
  return checkHost(name);
}

/** What an address range should have been (`192.0.2.1`, `2001:db8::/32`), or undefined when it is fine. */
export function checkIpRange(range: string): string | undefined {
  const expected = "an IP address or a range such as 10.0.0.0/8";
  const [, ip = "", bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(range) ?? [];
  if (!isIpv4(ip) && !isIpv6(ip)) return expected;
  return bits === undefined || Number(bits) <= (isIpv4(ip) ? 32 : 128) ? undefined : expected;
}

/** Whether a text is an IPv6 address, without brackets or zone. */
export function isIpv6(text: string): boolean {
  return text.includes(":") && URL.canParse(`http://[${text}]/`);
}

function isIpv4(text: string): boolean {
  return /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/.test(text);
}

const labelPattern = /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;
