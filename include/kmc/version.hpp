// The version of these headers.

#pragma once

#define KMC_VERSION_MAJOR 0
#define KMC_VERSION_MINOR 1
#define KMC_VERSION_PATCH 0
#define KMC_VERSION "0.1.0"
