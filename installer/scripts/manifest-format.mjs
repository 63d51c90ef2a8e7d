/**
 * The bytes of `agent/manifest.json`: JSON for programs, and one file per line in one fixed shape for install.sh, which
 * reads it with sed and refuses any other line. Change this and `read_manifest` there together.
 */
export function formatAgentManifest(manifest) {
  const arches = Object.entries(manifest.arches).map(([arch, { files }]) => {
    const lines = files.map(formatFile);
    return `${JSON.stringify(arch)}:{"files":[\n${lines.join(',\n')}\n]}`;
  });
  return `{"schema":1,"version":${JSON.stringify(manifest.version)},"arches":{\n${arches.join(',\n')}\n}}\n`;
}

function formatFile({ name, mode, sizeBytes, sha256, download }) {
  const { name: from, encoding, sizeBytes: fromBytes, sha256: fromSha256 } = download;
  return JSON.stringify({
    name,
    mode,
    sizeBytes,
    sha256,
    download: { name: from, encoding, sizeBytes: fromBytes, sha256: fromSha256 },
  });
}
