/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What must_not_compile's sources share: two types, and the leases of each.
 */
#include <swimmem/swimmem.h>

struct flow {
	u64 packets;
	u64 bytes;
};

struct peer {
	u32 id;
};

static __maybe_unused SWIM_PLAIN_TYPE(flow_type, struct flow);
static __maybe_unused SWIM_PLAIN_TYPE(peer_type, struct peer);
DEFINE_SWIM_BOX(flow, struct flow, &flow_type);
DEFINE_SWIM_BUF(flow, struct flow, &flow_type);
DEFINE_SWIM_BOX(peer, struct peer, &peer_type);
