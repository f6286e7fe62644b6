// Everything a user of kmc needs.

#pragma once

#include <kmc/client.hpp>
#include <kmc/runtime.hpp>
#include <kmc/task.hpp>
#include <kmc/version.hpp>
