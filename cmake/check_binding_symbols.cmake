# A binding shows the functions that its header declares, all of them and nothing else:
#   cmake -DNM=<nm> -DLIBRARY=<shared library> -DHEADER=<header> -DPREFIX=<of its functions> -P this

cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND ${NM} -D --defined-only ${LIBRARY}
    OUTPUT_VARIABLE output RESULT_VARIABLE status
)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "${NM} cannot read ${LIBRARY}")
endif()
string(REGEX MATCHALL " [TDBRVW] [^\n]+" lines "${output}")
set(shown "")
foreach(line IN LISTS lines)
    string(REGEX REPLACE "^ [A-Z] ([^@]*).*$" "\\1" symbol "${line}")
    list(APPEND shown ${symbol})
endforeach()

file(READ ${HEADER} text)
string(REGEX REPLACE "/\\*([^*]|\\*+[^*/])*\\*+/" "" text "${text}")
string(REGEX MATCHALL "${PREFIX}_[a-z0-9_]+\\(" calls "${text}")
string(REPLACE "(" "" declared "${calls}")

list(SORT shown)
list(SORT declared)
list(REMOVE_DUPLICATES declared)
list(LENGTH declared count)
if(count EQUAL 0 OR NOT shown STREQUAL declared)
    message(FATAL_ERROR "${LIBRARY} shows\n  ${shown}\nand ${HEADER} declares\n  ${declared}")
endif()
message(STATUS "${count} functions, all of ${HEADER}")
