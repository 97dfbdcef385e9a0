/** Commands whose code is asked for when the first of them runs. */
export const toolNames: readonly string[] =
  "awk b2sum bc cksum cmp date df diff du egrep env fgrep fmt gawk grep head hexdump install md5sum mktemp od paste patch printf realpath seq sha1sum sha224sum sha256sum sha384sum sha512sum shuf sort stat tar tr uniq unzip wc xargs xxd zip".split(
    " ",
  );
