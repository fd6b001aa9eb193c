# SPDX-License-Identifier: MIT
# CLN_CHECK_MPI: with --with-mpi[=MPICC] sets MPI_CPPFLAGS and MPI_LIBS to what the wrapper adds (mpicc -show: Open MPI, MPICH and its
# kin), or to nothing where the compiler itself links MPI (CC=mpicc, Cray's cc).  A program that does not link is an error.
AC_DEFUN([CLN_CHECK_MPI], [
have_mpi=no cln_mpicc=
AS_IF([test "x${with_mpi:-no}" != xno],
  [AS_IF([test "x$with_mpi" = xyes], [AC_PATH_PROGS([MPICC], [mpicc])], [MPICC=$with_mpi])
   AC_MSG_CHECKING([how to link MPI])
   cln_save_CPPFLAGS=$CPPFLAGS cln_save_LIBS=$LIBS
   m4_define([cln_mpi_program], [AC_LANG_PROGRAM([[#include <mpi.h>]],
     [[int given; MPI_Request r; MPI_Init_thread(0, 0, MPI_THREAD_FUNNELED, &given); MPI_Ibcast(0, 0, MPI_BYTE, 0, MPI_COMM_WORLD, &r);]])])
   AC_LINK_IFELSE([cln_mpi_program], [have_mpi=yes cln_mpicc=$CC],
     [for cln_word in `$MPICC -show 2> /dev/null`; do
        AS_CASE([$cln_word],
          [-I/usr/include], [],
          [-I*], [MPI_CPPFLAGS="$MPI_CPPFLAGS -isystem `echo $cln_word | cut -c 3-`"],
          [-L*|-l*|-Wl,-rpath*|-Wl,--enable-new-dtags|-pthread], [MPI_LIBS="$MPI_LIBS $cln_word"])
      done
      CPPFLAGS="$CPPFLAGS $MPI_CPPFLAGS" LIBS="$MPI_LIBS $LIBS"
      AC_LINK_IFELSE([cln_mpi_program], [have_mpi=yes cln_mpicc=$MPICC])])
   CPPFLAGS=$cln_save_CPPFLAGS LIBS=$cln_save_LIBS
   AC_MSG_RESULT([$have_mpi$MPI_LIBS])
   AS_IF([test $have_mpi = no],
     [AC_MSG_ERROR([--with-mpi: ${MPICC:-mpicc} gives no MPI that links; install libopenmpi-dev and openmpi-bin, or libmpich-dev and mpich
    (Debian, Ubuntu), openmpi-devel or mpich-devel (Fedora), load your cluster's module, or name the wrapper: --with-mpi=/path/to/mpicc])])])
AC_SUBST([MPI_CPPFLAGS])
AC_SUBST([MPI_LIBS])
AM_CONDITIONAL([HAVE_MPI], [test $have_mpi = yes])
])
