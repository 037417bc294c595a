"""A dozen documents that walk every path of the API; laws are tried on all of them."""

HEADER = "{ me { id name students { id name gradeLevel } } }"

DASHBOARD = """query Dashboard($after: String) {
  me {
    id name username email phone preferredLanguage unreadMessageCount
    students {
      id sourcedId studentNumber givenName familyName birthDate gradeLevel
      school { id name phone timeZone }
      relationship { kind legalGuardian livesWith contactPriority from to }
      areas { area state reason asOf stale }
      courses { id title period room teachers { id name email } grade { id kind task percent letter } }
    }
    messages(first: 5, after: $after) {
      totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      nodes { id subject body bodyText scope sentAt read readAt sender { name role } students { id } }
    }
  }
}"""

GRADEBOOK = """{
  me { students { id courses {
    id sourcedId title courseNumber section subject enrolledOn droppedOn
    term { id name kind startsOn endsOn schoolYear isCurrent parent { id name } }
    student { id }
    categories { id name weight dropLowest }
    grades {
      id kind task percent letter points pointsPossible comments updatedAt postedAt missingCount ungradedCount
      term { id } course { id } student { id }
    }
    assignments(first: 10) {
      totalCount pageInfo { hasNextPage endCursor }
      edges { cursor node {
        id sourcedId title description assignedOn dueOn dueAt pointsPossible extraCredit
        category { id name } course { id } student { id }
        score { state points percent letter flags countsTowardGrade comment scoredAt releasesAt }
      } }
    }
  } } }
}"""

GRADES = "{ me { students { id grades { id percent letter course { id student { id } } student { id name } } } } }"

ATTENDANCE = """{
  me { students { id
    attendance(first: 10) {
      totalCount pageInfo { hasNextPage endCursor }
      nodes {
        id date period status excuse sourceCode sourceLabel minutesMissed comment recordedBy confirmed updatedAt
        course { id title } student { id }
      }
    }
    term: attendanceSummary { key term { id name } absentPeriods absentDays tardies earlyReleases excused unexcused }
    course: attendanceSummary(groupBy: COURSE) { key course { id title } absentPeriods absentDays daysEnrolled }
    month: attendanceSummary(groupBy: MONTH) { key absentPeriods absentDays tardies daysEnrolled }
    attendanceDays(first: 5) { totalCount nodes { date absentPart minutesPresent marks { id date } } }
  } }
}"""

COURSE_ATTENDANCE = """{
  me { students { courses { id attendance(first: 5) { totalCount nodes { id date status student { id } } } } } }
}"""

ASSIGNMENTS = """{
  me {
    assignments(first: 20) { totalCount nodes { id title dueOn student { id name } course { id title } } }
    missing: assignments(filter: {flags: [MISSING]}) { totalCount nodes { id student { id } score { state flags } } }
    students { id
      assignments(first: 5) { totalCount nodes { id dueOn student { id } } }
      scored: assignments(first: 5, filter: {states: [SCORED]}) { totalCount nodes { id score { state points } } }
    }
  }
}"""

SCHOOLS = """{
  me { students { id
    enrollments { gradeLevel schoolYear startsOn endsOn isPrimary isCurrent school { id name } }
    terms { id name kind startsOn endsOn schoolYear isCurrent parent { id } }
  } }
}"""

MESSAGES = """{
  me { messages(first: 100) { totalCount nodes { id subject students { id name school { id } } } } }
}"""

TRANSCRIPT = """{
  me { students { id
    reportCards { id kind title issuedOn version supersedes current printed bytes term { id name } }
    documents { id title }
    transcript { official
      years { schoolYear gradeLevel terms { name schoolName courses {
        title code creditArea letter percent creditAttempted creditEarned gpaPoints gpaScale weightedGpaPoints
        weightedGpaScale weightedBy leftOutOfGpa transfer repeatCode inProgress
      } } }
      gpa { kind value scale basis asOf }
      credits { name required earned inProgress }
      rank { value of asOf }
      document { id title }
    }
  } }
}"""

#: What an app shows first: who, today's schedule, due work, grades, attendance, messages and what is new.
FIRST_SCREEN = """query FirstScreen($from: Date!, $to: Date!) {
  me {
    id name
    students {
      id name gradeLevel school { id name timeZone } areas { area state reason }
      schedule {
        notice { code text }
        days { date dayName isSchoolDay reason meetings {
          period startsAt endsAt room status course { id title } teachers { id name }
        } }
      }
      courses { id title period room teachers { id name } grade { id kind task percent letter term { id name } } }
      attendance(first: 5) { nodes { id date period status excuse confirmed course { id title } } }
    }
    due: assignments(first: 20, filter: {dueFrom: $from, dueTo: $to}) {
      pageInfo { hasNextPage endCursor }
      nodes {
        id title dueOn pointsPossible score { state points percent flags releasesAt }
        student { id name } course { id title }
      }
    }
    messages(first: 5) {
      pageInfo { hasNextPage endCursor }
      nodes { id subject scope sentAt read sender { name } students { id name } }
    }
    changes(first: 10) { pageInfo { hasNextPage endCursor } nodes { cursor occurredAt kind student { id name } } }
  }
}"""
#: The same without what comes from the portal store.
FIRST_SCREEN_OF_SOURCE = "\n".join(line for line in FIRST_SCREEN.splitlines() if not line.startswith("    changes("))

ALL = {
    "header": HEADER,
    "dashboard": DASHBOARD,
    "gradebook": GRADEBOOK,
    "grades": GRADES,
    "attendance": ATTENDANCE,
    "course attendance": COURSE_ATTENDANCE,
    "assignments": ASSIGNMENTS,
    "schools": SCHOOLS,
    "messages": MESSAGES,
    "transcript": TRANSCRIPT,
}
