# Time zones for `zoneinfo`, which finds no files of them here: the other side has them. Used by name: `use_zones`.


def use_zones(zoneinfo):
    from zoneinfo import _common

    kept = []

    def zones():
        if not kept:
            import json
            import zlib

            kept.append(json.loads(zlib.decompress(host.zones().to_bytes())))
        return kept[0]

    def load_tzdata(key):
        import base64
        import io

        try:
            number = zones()["names"][key]
        except (KeyError, TypeError):
            raise _common.ZoneInfoNotFoundError("No time zone found with key %s" % key) from None
        return io.BytesIO(base64.b64decode(zones()["files"][number]))

    _common.load_tzdata = load_tzdata
    zoneinfo.available_timezones = lambda: set(zones()["names"])
