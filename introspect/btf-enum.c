/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BTF: values of enumerators by name; see btf.h. */
#include <string.h>
#include "btf-type.h"

bool osi_btf_enumerator(const OsiBtf *b, const char *type, const char *name,
                        uint32_t *value, OsiError *err)
{
    OsiBtfType t;

    for (uint32_t id = 1; id <= b->offset->len; id++) {
        if (!osi_btf_get(b, id, &t) || t.kind != KIND_ENUM ||
            strcmp(t.name, type)) {
            continue;
        }
        for (uint32_t i = 0; i < t.vlen; i++) {
            if (!strcmp(osi_btf_string(b, osi_le32(t.more + 8 * i)), name)) {
                *value = osi_le32(t.more + 8 * i + 4);
                return true;
            }
        }
    }
    return osi_fail(err, OSI_ERR_NO_SUCH, 0, "BTF: no %s in enum %s", name,
                    type);
}
