// What the derive makes of deployment.rs. Refresh: UPDATE=1 cargo test -p terraform-schema-derive

const _: () = {
    use ::terraform_schema::__private as __schema;
    #[automatically_derived]
    impl __schema::Model for Deployment {
        const NAME: &'static str = "flink_deployment";
        const VERSION: i64 = 1i64;
        fn block() -> __schema::Block {
            let mut block = __schema::described(
                "Runs a Flink application through the Flink Kubernetes Operator.",
            );
            <String as __schema::Field>::declare(
                &mut block,
                "name",
                "Name of the `FlinkDeployment` object.",
                __schema::FieldOptions {
                    requires_replace: true,
                    checks: &[checks::object_name, checks::short],
                    remote: __schema::Some("metadata.name"),
                    ..__schema::FieldOptions::default()
                },
            );
            __schema::flatten(
                &mut block,
                <DeploymentSpec as __schema::Model>::block(),
                __schema::Some("spec"),
            );
            <Computed<
                JobState,
            > as __schema::Field>::declare(
                &mut block,
                "job_state",
                "State of the job.",
                __schema::FieldOptions {
                    remote: __schema::Some("status.jobStatus.state"),
                    ..__schema::FieldOptions::default()
                },
            );
            block
        }
        fn decode_members(
            object: &__schema::Value,
            path: &__schema::AttributePath,
            problems: &mut __schema::Diagnostics,
        ) -> __schema::Option<Self> {
            let name = <String as __schema::Field>::read(
                object,
                "name",
                false,
                path,
                problems,
            );
            let spec = <DeploymentSpec as __schema::Model>::decode_members(
                object,
                path,
                problems,
            );
            let job_state = <Computed<
                JobState,
            > as __schema::Field>::read(object, "job_state", false, path, problems);
            __schema::Some(Self {
                name: name?,
                spec: spec?,
                job_state: job_state?,
            })
        }
        fn encode_members(&self, members: &mut __schema::Members) {
            let Self { name, spec, job_state } = self;
            <String as __schema::Field>::write(name, members, "name");
            <DeploymentSpec as __schema::Model>::encode_members(spec, members);
            <Computed<
                JobState,
            > as __schema::Field>::write(job_state, members, "job_state");
        }
    }
    #[automatically_derived]
    impl __schema::AttributeType for Deployment {
        fn shape() -> __schema::Shape {
            __schema::block_shape(<Self as __schema::Model>::block())
        }
        fn decode(
            value: &__schema::Value,
            path: &__schema::AttributePath,
        ) -> __schema::Result<Self, __schema::Diagnostics> {
            <Self as __schema::Model>::from_value_at(value, path)
        }
        fn encode(&self) -> __schema::Value {
            <Self as __schema::Model>::to_value(self)
        }
    }
};
const _: () = {
    use ::terraform_schema::__private as __schema;
    #[automatically_derived]
    impl __schema::Model for DeploymentSpec {
        const NAME: &'static str = "";
        const VERSION: i64 = 0i64;
        fn block() -> __schema::Block {
            let mut block = __schema::described("What runs.");
            <Option<
                String,
            > as __schema::Field>::declare(
                &mut block,
                "image",
                "Image with Flink and the job.",
                __schema::FieldOptions {
                    remote: __schema::Some("image"),
                    ..__schema::FieldOptions::default()
                },
            );
            <Option<
                u32,
            > as __schema::Field>::declare(
                &mut block,
                "parallelism",
                "How many tasks run at once.",
                __schema::FieldOptions {
                    assumed: __schema::Some(__schema::Value::from(1i64)),
                    update_class: __schema::Some(__schema::UpdateClass::Scaled),
                    range: __schema::range(__schema::Some("1"), __schema::None),
                    remote: __schema::Some("parallelism"),
                    ..__schema::FieldOptions::default()
                },
            );
            <Option<
                Vec<String>,
            > as __schema::Field>::declare(
                &mut block,
                "job_args",
                "Arguments of the job.",
                __schema::FieldOptions {
                    assumed: __schema::Some(__schema::list([])),
                    remote: __schema::Some("args"),
                    ..__schema::FieldOptions::default()
                },
            );
            <Option<
                String,
            > as __schema::Field>::declare(
                &mut block,
                "note",
                "Known only here.",
                __schema::FieldOptions {
                    sensitive: true,
                    deprecated: __schema::Some("Leave it out."),
                    ..__schema::FieldOptions::default()
                },
            );
            block
        }
        fn decode_members(
            object: &__schema::Value,
            path: &__schema::AttributePath,
            problems: &mut __schema::Diagnostics,
        ) -> __schema::Option<Self> {
            let image = <Option<
                String,
            > as __schema::Field>::read(object, "image", false, path, problems);
            let parallelism = <Option<
                u32,
            > as __schema::Field>::read(object, "parallelism", true, path, problems);
            let r#type = <Option<
                Vec<String>,
            > as __schema::Field>::read(object, "job_args", true, path, problems);
            let note = <Option<
                String,
            > as __schema::Field>::read(object, "note", false, path, problems);
            __schema::Some(Self {
                image: image?,
                parallelism: parallelism?,
                r#type: r#type?,
                note: note?,
            })
        }
        fn encode_members(&self, members: &mut __schema::Members) {
            let Self { image, parallelism, r#type, note } = self;
            <Option<String> as __schema::Field>::write(image, members, "image");
            <Option<u32> as __schema::Field>::write(parallelism, members, "parallelism");
            <Option<Vec<String>> as __schema::Field>::write(r#type, members, "job_args");
            <Option<String> as __schema::Field>::write(note, members, "note");
        }
    }
    #[automatically_derived]
    impl __schema::AttributeType for DeploymentSpec {
        fn shape() -> __schema::Shape {
            __schema::block_shape(<Self as __schema::Model>::block())
        }
        fn decode(
            value: &__schema::Value,
            path: &__schema::AttributePath,
        ) -> __schema::Result<Self, __schema::Diagnostics> {
            <Self as __schema::Model>::from_value_at(value, path)
        }
        fn encode(&self) -> __schema::Value {
            <Self as __schema::Model>::to_value(self)
        }
    }
};
const _: () = {
    use ::terraform_schema::__private as __schema;
    const CHOICES: &[(&str, &str)] = &[
        ("RUNNING", "It runs."),
        ("SUSPENDED", "It does not."),
    ];
    #[automatically_derived]
    impl __schema::AttributeType for JobState {
        fn shape() -> __schema::Shape {
            __schema::choices_shape(CHOICES, true)
        }
        fn decode(
            value: &__schema::Value,
            path: &__schema::AttributePath,
        ) -> __schema::Result<Self, __schema::Diagnostics> {
            match __schema::Value::as_str(value) {
                __schema::Some("RUNNING") => __schema::Ok(Self::Running),
                __schema::Some("SUSPENDED") => __schema::Ok(Self::Suspended),
                __schema::Some(text) => {
                    __schema::Ok(Self::Unknown(__schema::String::from(text)))
                }
                _ => __schema::Err(__schema::unknown_choice(value, path, CHOICES)),
            }
        }
        fn encode(&self) -> __schema::Value {
            __schema::Value::string(
                match self {
                    Self::Running => "RUNNING",
                    Self::Suspended => "SUSPENDED",
                    Self::Unknown(text) => text,
                },
            )
        }
    }
};
