# SPDX-License-Identifier: MIT
# CLN_CHECK_CFLAGS(VARIABLE, FLAGS): appends each of FLAGS that the compiler takes to VARIABLE, and substitutes it.
# The user's own CFLAGS stay out of the probe: a warning of theirs must not cost a flag.
AC_DEFUN([CLN_CHECK_CFLAGS], [
  AC_SUBST([$1])
  for cln_flag in $2; do
    AC_MSG_CHECKING([whether $CC takes $cln_flag])
    cln_saved_CFLAGS=$CFLAGS
    CFLAGS="-Werror $cln_flag"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM()], [$1="$$1 $cln_flag"; AC_MSG_RESULT([yes])], [AC_MSG_RESULT([no])])
    CFLAGS=$cln_saved_CFLAGS
  done
])

# CLN_CHECK_CFLAGS_ALL(VARIABLE, FLAGS, ACTION [, ELSE]): all of FLAGS or none.
AC_DEFUN([CLN_CHECK_CFLAGS_ALL], [
  AC_SUBST([$1])
  AC_MSG_CHECKING([whether $CC takes $2])
  cln_saved_CFLAGS=$CFLAGS
  CFLAGS="-Werror $2"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM()], [$1="$2"; AC_MSG_RESULT([yes]); $3], [AC_MSG_RESULT([no]); $4])
  CFLAGS=$cln_saved_CFLAGS
])
