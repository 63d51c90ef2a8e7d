/** Where the network configuration of a node goes; containerd reads the first file by name. */
export const cniConfPath = '/etc/cni/net.d/10-flannel.conflist';

/**
 * A CNI configuration of plugins that every node has, as a format of printf: first the MTU, then the node's subnet.
 * flanneld itself masquerades what leaves the pod network, so the bridge must not.
 */
export function cniConfFormat(podCidr: string): string {
  const conf = {
    cniVersion: '1.0.0',
    name: 'cbr0',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        isDefaultGateway: true,
        hairpinMode: true,
        ipMasq: false,
        mtu: '%s',
        ipam: { type: 'host-local', ranges: [[{ subnet: '%s' }]], routes: [{ dst: podCidr }] },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
  return JSON.stringify(conf).replace('"%s"', '%s');
}

/**
 * Waits for flanneld to say which subnet the node has, then writes the node's CNI configuration: from this moment the
 * node is Ready. Looks again every ten seconds, so a file that somebody removed comes back. Only what the smallest of
 * shells has, and `mv` and `sleep`: nothing of it depends on input other than flanneld's file, which is not executed.
 */
export function cniConfScript(podCidr: string): string {
  return `set -u
conf='${cniConfPath}'
trap 'exit 0' TERM INT
while :; do
  subnet='' mtu=''
  if [ -r /run/flannel/subnet.env ]; then
    while IFS='=' read -r key value; do
      case "$key" in
        FLANNEL_SUBNET) subnet="$value" ;;
        FLANNEL_MTU) mtu="$value" ;;
      esac
    done < /run/flannel/subnet.env
  fi
  if [ -n "$subnet" ] && [ -n "$mtu" ]; then
    # flanneld names the first address of the subnet, the plugin wants the one before it.
    first="\${subnet%/*}"
    network="\${first%.*}.$((\${first##*.} - 1))/\${subnet#*/}"
    wanted="$(printf '${cniConfFormat(podCidr)}' "$mtu" "$network")"
    present=''
    if [ -r "$conf" ]; then IFS='' read -r present < "$conf" || :; fi
    if [ "$wanted" != "$present" ]; then
      # Renamed into place: the runtime never sees half a file.
      printf '%s\\n' "$wanted" > "$conf.new" && mv -f "$conf.new" "$conf" && printf 'wrote %s: %s\\n' "$conf" "$wanted"
    fi
  fi
  # In the background, so that the end of the pod need not wait for it.
  sleep "$([ -n "$subnet" ] && printf 10 || printf 1)" &
  wait $!
done
`;
}
