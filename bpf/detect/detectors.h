/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* All detectors of contract/protocols.def. */
#ifndef FOOTFALL_DETECT_DETECTORS_H
#define FOOTFALL_DETECT_DETECTORS_H

#include "cassandra.h"
#include "fastcgi.h"
#include "http1.h"
#include "memcached.h"
#include "mongodb.h"
#include "http2.h"
#include "postgresql.h"
#include "mysql.h"
#include "redis.h"
#include "websocket.h"

#endif
