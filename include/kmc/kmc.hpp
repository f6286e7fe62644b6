// Everything a user of kmc needs.

#pragma once

#include <kmc/cancel.hpp>
#include <kmc/client.hpp>
#include <kmc/resumer.hpp>
#include <kmc/runtime.hpp>
#include <kmc/sync_client.hpp>
#include <kmc/task.hpp>
#include <kmc/version.hpp>
#include <kmc/when_all.hpp>
