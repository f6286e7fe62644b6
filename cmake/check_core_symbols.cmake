# The core does no I/O, asks no clock and starts no thread:
#   cmake -DNM=<nm> -DOBJECTS=<list of object files> -P check_core_symbols.cmake
#
# Looks at what the objects of kmc_core leave to others. The include check cannot see a function
# that somebody declares by hand or that a std header reaches; this one can.

cmake_minimum_required(VERSION 3.25)

set(banned
    socket connect bind listen accept accept4 send sendto sendmsg recv recvfrom recvmsg
    setsockopt getsockopt getaddrinfo poll ppoll select pselect
    epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd timerfd_create
    open open64 openat close read write readv writev pipe pipe2 fcntl ioctl syscall
    fopen fopen64 pthread_create pthread_mutex_lock pthread_cond_wait
    clock_gettime gettimeofday time nanosleep clock_nanosleep usleep sleep getrandom
)
# Families, by how the names begin: the ring, standard clocks, threads and file streams.
set(banned_families
    "io_uring_|_ZNSt6chrono3_V21[0-9a-z_]+3nowEv|_ZNSt6thread|_ZNSt13basic_filebuf|_ZNSt13random_device"
)
list(JOIN banned "|" banned)

execute_process(COMMAND ${NM} -u ${OBJECTS} OUTPUT_VARIABLE symbols RESULT_VARIABLE status)
if(NOT status EQUAL 0 OR NOT symbols MATCHES " U ")
    message(FATAL_ERROR "${NM} showed no symbols of the core")
endif()
string(REGEX MATCHALL " U ((${banned})|(${banned_families})[A-Za-z0-9_]*)(@[A-Za-z0-9_.]+)?\n" found
    "${symbols}"
)
if(found)
    list(REMOVE_DUPLICATES found)
    list(JOIN found " " found)
    message(FATAL_ERROR "kmc_core asks for what only the shell may have:\n${found}")
endif()
list(LENGTH OBJECTS count)
message(STATUS "${count} objects, none asks for a socket, a clock, a file or a thread")
